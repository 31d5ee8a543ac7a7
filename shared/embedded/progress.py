"""How the embedded runtime tells a person what it is doing. Nothing here decides anything."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as ProgressBar


class Progress(Protocol):
    """Where messages and download progress go."""

    def say(self, message: str) -> None:
        """Tell one fact in one line."""

    def downloading(self, what: str, total_bytes: int) -> AbstractContextManager[Callable[[int], None]]:
        """Show a download; the yielded function is called, from any thread, with the bytes that have just arrived."""


class SilentProgress:
    """Keeps what was said in `messages` and shows nothing: for tests and scripts."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def say(self, message: str) -> None:
        """Keep the message."""
        self.messages.append(message)

    @contextmanager
    def downloading(self, what: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        """Say once that a download runs."""
        self.say(f"{what} ({total_bytes / 1e6:.0f} MB)")
        yield lambda _arrived_bytes: None


class ConsoleProgress:
    """Writes to a rich console."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, message: str) -> None:
        """Print the message as plain text."""
        self.console.print(message, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def downloading(self, what: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        """Show a bar; its thread ends with the block, so that a fork afterwards is safe."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with ProgressBar(*columns, console=self.console) as bar:
            task = bar.add_task(what, total=total_bytes)
            yield lambda arrived_bytes: bar.advance(task, arrived_bytes)
