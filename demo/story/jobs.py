"""Waiting for long work that a service does as a job."""

from typing import Any

from demo.story.client import Caller, StoryFailed, until
from demo.story.telling import Bar


async def run_job(caller: Caller, path: str, body: Any, *, step: str, bar: Bar | None = None) -> dict[str, Any]:
    """Ask for long work and wait for its end; what the job has to say.

    Raises:
        StoryFailed: it failed or was cancelled, or takes for ever.
    """
    service = path.split("/")[1]
    asked = await caller.post(path, body, step=step)
    address = f"/{service}/v1/jobs/{asked['job_id']}"

    async def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = await caller.get(address)
        if bar is not None and job["total"]:
            bar.reach(job["done"], job["total"])
        if job["status"] in ("failed", "cancelled"):
            raise StoryFailed(f"{caller.name}: the job that {path} asked for {job['status']}: {job['error']}")
        return job if job["status"] == "succeeded" else None

    return await until(f"the job of {path}", ended)
