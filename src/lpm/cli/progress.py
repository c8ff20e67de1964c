"""Progress bars with a figure and the time left, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Update = Callable[[str, int, int, float], None]


@contextmanager
def loss_bar(label: str = "fitting") -> Iterator[Callable[[int, int, float], None]]:
    """Give a function of (step, steps, loss) that draws the bar."""
    with stage_bars() as update:
        yield lambda step, steps, loss: update(label, step, steps, loss)


def stage_bars() -> AbstractContextManager[Update]:
    """Give a function of (stage, step, steps, loss) that draws a bar for each stage."""
    return _bars("loss")


def score_bar() -> AbstractContextManager[Update]:
    """Give a function of (method, questions done, questions, mean score) that draws a bar each."""
    return _bars("score")


@contextmanager
def _bars(figure: str) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{figure} {{task.fields[figure]:.3f}}"),
        TimeLeft(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, TaskID] = {}

        def update(name: str, done: int, total: int, value: float) -> None:
            if name not in tasks:
                # Time left is estimated from what this run does, not from what it found done.
                tasks[name] = bar.add_task(name, figure=value, completed=done, total=total)
            bar.update(tasks[name], completed=done, total=total, figure=value)

        yield update
