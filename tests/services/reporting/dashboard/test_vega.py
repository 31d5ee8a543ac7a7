"""Goal: drawing happens beside the api, never in it; what was made is kept, and nothing stays behind."""

import asyncio
import gzip
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.reporting.dashboard.charts import PRINT
from services.reporting.dashboard.vega import NotDrawn, Vega, bundle_digest
from tests.services.reporting.dashboard.test_charts import specs


@pytest_asyncio.fixture
async def vega(tmp_path: Path) -> AsyncIterator[Vega]:
    made = Vega(tmp_path / "cache")
    yield made
    await made.close()


def child_of(vega: Vega) -> int:
    assert vega._process is not None
    return vega._process.pid


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_picture_is_drawn_once_and_kept(vega: Vega) -> None:
    spec = specs(PRINT, 680)["trend"]
    first = await vega.picture(spec)
    assert first.startswith(b"<svg")
    await vega.close()
    assert await vega.picture(spec) == first
    assert vega._process is None


async def test_loop_is_free_while_a_picture_is_drawn(vega: Vega) -> None:
    drawing = asyncio.create_task(vega.picture(specs(PRINT, 680)["ranking"]))
    longest, last = 0.0, asyncio.get_running_loop().time()
    while not drawing.done():
        await asyncio.sleep(0.005)
        now = asyncio.get_running_loop().time()
        longest, last = max(longest, now - last), now
    assert (await drawing).startswith(b"<svg")
    assert longest < 0.5  # in this process the first picture would hold the loop for its whole time


async def test_specification_that_cannot_be_drawn_is_refused_and_the_next_is_drawn(vega: Vega) -> None:
    with pytest.raises(NotDrawn):
        await vega.picture({"mark": {"type": "nothing"}, "data": 7})
    assert (await vega.picture(specs(PRINT, 680)["trend"])).startswith(b"<svg")


async def test_child_that_was_killed_is_replaced(vega: Vega) -> None:
    await vega.picture(specs(PRINT, 680)["trend"])
    os.kill(child_of(vega), signal.SIGKILL)
    with pytest.raises(NotDrawn):
        await vega.picture(specs(PRINT, 680)["ranking"])
    assert (await vega.picture(specs(PRINT, 680)["ranking"])).startswith(b"<svg")


async def test_child_ends_with_its_owner(vega: Vega) -> None:
    await vega.picture(specs(PRINT, 680)["trend"])
    pid = child_of(vega)
    await vega.close()
    assert not lives(pid)


async def test_scripts_are_made_once_and_read_from_the_folder_after(vega: Vega, tmp_path: Path) -> None:
    bundle = await vega.bundle()
    assert b"vegaEmbed" in gzip.decompress(bundle)
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.name == f"vega-{bundle_digest()}.js.gz"
    other = Vega(tmp_path / "cache")
    assert await other.bundle() == bundle
    assert other._process is None


async def test_scripts_may_take_longer_than_a_picture(vega: Vega, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.reporting.dashboard.vega._ANSWER_SECONDS_MAX", 0.01)
    with pytest.raises(NotDrawn):
        await vega.picture(specs(PRINT, 680)["trend"])
    assert b"vegaEmbed" in gzip.decompress(await vega.bundle())


async def test_broken_cache_is_made_again(vega: Vega, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / f"vega-{bundle_digest()}.js.gz").write_bytes(b"half a file")
    assert b"vegaEmbed" in gzip.decompress(await vega.bundle())


async def test_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    vega = Vega(blocked / "cache")
    assert b"vegaEmbed" in gzip.decompress(await vega.bundle())
    await vega.close()
