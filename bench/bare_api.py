"""A FastAPI of one route that gives a ready answer: the way over HTTP alone, beside what a service's own api takes."""

import argparse

import uvicorn
from fastapi import FastAPI, Response


def bare_api(answer_bytes: int) -> FastAPI:
    """Reads any JSON object, and answers with so many bytes."""
    app = FastAPI()
    answer = b'"%b"' % (b"x" * (answer_bytes - 2))

    @app.post("/{path:path}")
    async def ready(path: str, body: dict[str, object]) -> Response:
        return Response(answer, media_type="application/json")

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:
        return {}

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--answer-bytes", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(
        bare_api(options.answer_bytes), port=options.port, loop="uvloop", http="httptools", access_log=False, ws="none"
    )
