"""The API pages: OpenAPI with our problem documents, shown by Swagger UI from this machine, never from a CDN."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from shared.chassis.http.idempotency import KEY_HEADER
from shared.chassis.http.problems import TYPE_PREFIX, ProblemDocument, Refused, problem_responses
from shared.chassis.service import Service

_DESCRIPTION = f"""{{title_th}}

* Money is a decimal string in baht (`"1234.50"`), a rate a decimal string per year, a date ISO 8601 in the Common Era.
* A POST that writes needs `Idempotency-Key`; sent again with the same input, it repeats its answer with
  `Idempotency-Replayed: true`.
* A mutable resource has an `ETag`; changing it needs `If-Match`.
* Lists give `next_cursor`; a cursor is opaque and belongs to its list.
* Every refusal is `application/problem+json` (RFC 9457); decide by `type`, `{TYPE_PREFIX}<slug>`.
* What lies outside the caller's reach is answered 404, as if it did not exist.
"""

_CHANGES: Final = frozenset({"put", "patch", "delete"})


def offline_app(service: Service, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    """An empty application whose pages stand at ``/<service>/docs`` and need no network."""
    root = f"/{service.name}"
    app: FastAPI = FastAPIOffline(
        docs_url=f"{root}/docs",
        redoc_url=None,
        static_url=f"{root}/docs-static",
        openapi_url=f"{root}/openapi.json",
        swagger_ui_oauth2_redirect_url=f"{root}/docs/oauth2-redirect",
        title=service.title_en,
        description=_DESCRIPTION.format(title_th=service.title_th),
        version="1",
        lifespan=lifespan,
        separate_input_output_schemas=False,
        redirect_slashes=False,
        # FastAPI's own would tell paths, queries and the messages of errors: personal data.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            definition = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(definition.pop("$defs", {}))
            schemas["ProblemDocument"] = definition
            for operations in document["paths"].values():
                for verb, operation in operations.items():
                    _add_refusals_of_the_chassis(verb, operation)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _add_refusals_of_the_chassis(verb: str, operation: dict[str, Any]) -> None:
    """What an operation may answer for its form alone, whatever its route says: a body can be too large or too slow,
    and the database can refuse whatever is written."""
    takes_key = any(parameter["name"] == KEY_HEADER for parameter in operation.get("parameters", ()))
    refusals = problem_responses(
        *((408, 413) if "requestBody" in operation else ()),
        *((Refused,) if takes_key or verb in _CHANGES else ()),
    )
    known = operation["responses"]
    for status, response in refusals.items():
        known.setdefault(str(status), response)
