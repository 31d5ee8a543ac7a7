"""Draws with Vega in a process of its own: still pictures for print, and the scripts for the browser.

vl-convert holds the interpreter's lock while it draws (50 ms) and while it bundles the scripts (3 s): in the api's
process every other request would wait. The child is started when first needed, ends when nobody has asked for a
while, and ends with its parent however that ends, because its standard input closes.
"""

import asyncio
import gzip
import hashlib
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections import OrderedDict
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

log = structlog.get_logger(__name__)

# The default snippet, kept here because the bundle's name depends on it.
SNIPPET: Final = "window.vegaEmbed = vegaEmbed;"
_LINE_BYTES_MAX: Final = 8 * 1024 * 1024
_ANSWER_SECONDS_MAX: Final = 30.0
# Three seconds of a free processor. On a machine that is busy they are a minute, and whoever gave up would begin anew.
_BUNDLE_SECONDS_MAX: Final = 180.0
_IDLE_SECONDS: Final = 300.0
_PICTURES_KEPT_MAX: Final = 128


class NotDrawn(RuntimeError):
    """The child could not draw what it was asked for."""


def bundle_digest() -> str:
    """Names the scripts by what they are made from, so that a page can name them before they are made."""
    return hashlib.sha256(f"{version('vl-convert-python')} {SNIPPET}".encode()).hexdigest()[:16]


def cache_folder() -> Path:
    """Where made scripts are kept between runs; only this user may write there."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "plodnee"


class Vega:
    """The drawing process, and what it has drawn lately.

    Args:
        folder: where the scripts are kept; None keeps them in memory alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._process: Process | None = None
        self._lock = asyncio.Lock()
        self._bundle_lock = asyncio.Lock()
        self._bundle: bytes | None = None
        self._pictures: OrderedDict[bytes, bytes] = OrderedDict()
        self._idle: asyncio.TimerHandle | None = None

    async def bundle(self) -> bytes:
        """Vega, Vega-Lite and vega-embed as one script, compressed with gzip. Made once, then read from the cache."""
        async with self._bundle_lock:
            if self._bundle is None:
                self._bundle = await asyncio.to_thread(self._read_bundle)
            if self._bundle is None:
                made = await self._ask({"kind": "bundle", "snippet": SNIPPET}, _BUNDLE_SECONDS_MAX)
                self._bundle = await asyncio.to_thread(gzip.compress, made.encode(), 9)
                await asyncio.to_thread(self._keep_bundle, self._bundle)
            return self._bundle

    async def picture(self, spec: Mapping[str, Any]) -> bytes:
        """A Vega-Lite specification drawn as SVG. Raises NotDrawn."""
        asked = orjson.dumps(spec)
        key = hashlib.sha256(asked).digest()
        known = self._pictures.get(key)
        if known is None:
            known = (await self._ask({"kind": "svg", "spec": spec}, _ANSWER_SECONDS_MAX)).encode()
            self._pictures[key] = known
            if len(self._pictures) > _PICTURES_KEPT_MAX:
                self._pictures.popitem(last=False)
        else:
            self._pictures.move_to_end(key)
        return known

    async def close(self) -> None:
        """End the child."""
        async with self._lock:
            await self._end()

    async def _ask(self, question: Mapping[str, Any], seconds_max: float) -> str:
        async with self._lock:
            try:
                async with asyncio.timeout(seconds_max):
                    answer = await self._exchange(question)
            except (TimeoutError, OSError, EOFError, ValueError) as error:
                log.warning("drawing_failed", error_type=type(error).__name__)
                await self._end()
                raise NotDrawn from error
            except asyncio.CancelledError:
                await self._end()  # its answer would be taken for the next question's
                raise
            self._end_when_idle()
        if "answer" not in answer:
            raise NotDrawn(str(answer.get("error", "")))
        return str(answer["answer"])

    async def _exchange(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.reporting.dashboard.vega_child",
                stdin=PIPE,
                stdout=PIPE,
                limit=_LINE_BYTES_MAX,
            )
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None  # noqa: S101 - both are pipes
        assert writer is not None  # noqa: S101
        writer.write(orjson.dumps(question) + b"\n")
        await writer.drain()
        line = await reader.readline()
        if not line:
            raise EOFError
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def _end_when_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._close_input)

    def _close_input(self) -> None:
        if self._process is not None and self._process.stdin is not None and not self._lock.locked():
            self._process.stdin.close()
            self._process = None

    async def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.kill()
        await process.wait()

    def _path(self) -> Path | None:
        return None if self._folder is None else self._folder / f"vega-{bundle_digest()}.js.gz"

    def _read_bundle(self) -> bytes | None:
        path = self._path()
        if path is None:
            return None
        try:
            kept = path.read_bytes()
            gzip.decompress(kept)
        except (OSError, EOFError, gzip.BadGzipFile):
            return None
        return kept

    def _keep_bundle(self, bundle: bytes) -> None:
        """Keep the scripts for the next run; a folder that cannot be written only costs the next run three seconds."""
        path = self._path()
        if path is None:
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".vega-", delete=False) as part:
                part.write(bundle)
            Path(part.name).replace(path)
        except OSError as error:
            log.info("scripts_not_kept", error_type=type(error).__name__)
