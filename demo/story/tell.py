"""What the command line calls: tell the story on a running suite, and verify it when asked."""

import asyncio
import json
import sys
import time

from rich.console import Console

from demo.story.check import CheckReport, check
from demo.story.checks.quiet import Rebuild
from demo.story.client import Access, StoryFailed
from demo.story.played import Played, StoryOptions
from demo.story.steps.result import show_address, show_kpis
from demo.story.telling import Narrator
from demo.story.year import play
from shared.chassis.settings import get_settings
from shared.embedded.runtime import EmbeddedRuntime
from shared.embedded.secret_store import CLIENTS_WITH_SECRET, client_secret_name, load_secrets


def tell_story(runtime: EmbeddedRuntime, options: StoryOptions, rebuild: Rebuild) -> int:
    """Play the year on the suite of ``runtime``; with ``options.check`` verify it as well.

    Progress goes to standard error. With a check, the last line of standard output is one JSON object. Returns 0, or 1
    when a step was refused or a check failed.
    """
    narrator = Narrator(Console(stderr=True))
    began = time.monotonic()
    try:
        played, report = asyncio.run(_tell(runtime, options, rebuild, narrator))
    except (StoryFailed, BaseExceptionGroup) as failure:
        return _failed(narrator, options, _story_failure(failure), time.monotonic() - began)
    shown = narrator.console if options.check else Console()
    show_kpis(played, shown)
    if report is None:
        show_address(played, shown)
        return 0
    for one in report.checks:
        mark = "[green]✓[/]" if one.ok else "[red]✗[/]"
        narrator.console.print(f"{mark} {one.name}: ", end="", highlight=False)
        narrator.console.print(one.detail, markup=False, highlight=False, soft_wrap=True)
    document = report.document(time.monotonic() - began, played.seconds)
    print(json.dumps(document, ensure_ascii=False), flush=True)
    return 0 if report.ok else 1


async def _tell(
    runtime: EmbeddedRuntime, options: StoryOptions, rebuild: Rebuild, narrator: Narrator
) -> tuple[Played, CheckReport | None]:
    played = await play(access_of(runtime), options, narrator)
    if not options.check:
        return played, None
    return played, await check(played, get_settings(), rebuild, narrator)


def access_of(runtime: EmbeddedRuntime) -> Access:
    """Where the suite of this runtime answers, and its partners' secrets.

    Raises:
        StoryFailed: people sign in at the operator's own identity provider, where the personas do not exist.
    """
    if not runtime.uses_development_identity:
        raise StoryFailed("the story's personas exist only in the development identity provider: unset PLODNEE_ISSUER")
    secrets = load_secrets(runtime.state)
    return Access(
        base_url=runtime.address,
        issuer_url=get_settings().require("issuer"),
        secrets={client_id: secrets[client_secret_name(client_id)] for client_id in CLIENTS_WITH_SECRET},
    )


def _failed(narrator: Narrator, options: StoryOptions, error: StoryFailed, seconds: float) -> int:
    narrator.console.print(f"The story stopped: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    if options.check:
        document = {"ok": False, "error": str(error), "checks": [], "seconds": round(seconds, 1)}
        print(json.dumps(document, ensure_ascii=False), file=sys.stdout, flush=True)
    return 1


def _story_failure(failure: BaseException) -> StoryFailed:
    """The first refusal of several acts that were under way together; anything else goes on as it is."""
    first = failure
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if not isinstance(first, StoryFailed):
        raise first
    return first
