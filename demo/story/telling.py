"""How the story is told while it plays: a progress bar a step, and how long each took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Bar:
    """The bar of one step."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def expect(self, total: int) -> None:
        """How many there are in all."""
        self._progress.update(self._task, total=total)

    def reach(self, done: int, total: int | None = None) -> None:
        """How many are done, as a job says it."""
        self._progress.update(self._task, completed=done, total=total)

    def advance(self, count: int = 1) -> None:
        """One more is done."""
        self._progress.advance(self._task, count)

    def note(self, text: str) -> None:
        """What is being done, in a word or two behind the bar."""
        self._progress.update(self._task, note=text)


class Narrator:
    """Shows one bar after the other and remembers what each step took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Bar]:
        """A step of the story. Its bar stays on the screen when it is done."""
        columns = (
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<46}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
        )
        began = time.monotonic()
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(title, total=total, note="")
            yield Bar(progress, task)
            known = progress.tasks[0].total
            whole = known if known else 1
            progress.update(task, total=whole, completed=whole, note="")
        self.seconds[title] = round(time.monotonic() - began, 2)
