"""Workbooks: checked, then turned into CSV by a process of its own whose memory and time are bounded.

A workbook of a few kilobytes can unpack to gigabytes: by compression, by two cells at opposite corners, by one long
text that a million cells share. The directory of the archive is checked first; what a lying directory or a strange
sheet would still cost, it costs a process that the operating system stops.
"""

import asyncio
import io
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from shared.chassis.feeds.messages import FileRefused

_PROGRAM = Path(__file__).with_name("xlsx_to_csv.py")

XLSX_BYTES_MAX = 64 * 1024 * 1024
UNPACKED_BYTES_MAX = 512 * 1024 * 1024
ENTRIES_MAX = 2_000
RATIO_MAX = 200  # sheets of repeated figures reach about 30
MEMORY_BYTES_MAX = 3 * 1024 * 1024 * 1024
SECONDS_MAX = 300
CHUNK_BYTES = 1024 * 1024

_EXIT_UNREADABLE = 3
_EXIT_TOO_LARGE = 4


def check_archive(content: bytes) -> None:
    """Refuse what is no workbook, or says that it unpacks to too much.

    Raises:
        FileRefused: ``unreadable_xlsx`` or ``xlsx_too_large``.
    """
    if len(content) > XLSX_BYTES_MAX:
        raise FileRefused("xlsx_too_large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise FileRefused("unreadable_xlsx") from None
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise FileRefused("unreadable_xlsx")
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > ENTRIES_MAX or unpacked > UNPACKED_BYTES_MAX or unpacked > RATIO_MAX * max(len(content), 65_536):
        raise FileRefused("xlsx_too_large")


async def csv_of_workbook(
    content: bytes, *, rows_max: int, memory_bytes_max: int = MEMORY_BYTES_MAX
) -> AsyncIterator[bytes]:
    """The first sheet as UTF-8 CSV, one record per row of the sheet, in chunks.

    Raises:
        FileRefused: the workbook cannot be read, or needs more memory, time or rows than allowed.
    """
    check_archive(content)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_PROGRAM),
        str(memory_bytes_max),
        str(SECONDS_MAX),
        str(rows_max),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a library's message may quote a cell
        env={},
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the pipes of the reading process are missing")
    writer = asyncio.create_task(_write(process.stdin, content))
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while chunk := await process.stdout.read(CHUNK_BYTES):
                yield chunk
            code = await process.wait()
    except TimeoutError:
        raise FileRefused("xlsx_too_large") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
    if code == _EXIT_UNREADABLE:
        raise FileRefused("unreadable_xlsx")
    if code != 0:
        raise FileRefused("xlsx_too_large")


async def _write(pipe: asyncio.StreamWriter, content: bytes) -> None:
    try:
        pipe.write(content)
        await pipe.drain()
        pipe.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # the process ended early; its exit code says why
