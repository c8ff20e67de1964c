"""A progress bar with the loss and the time left, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def loss_bar(label: str = "fitting") -> Iterator[Callable[[int, int, float], None]]:
    """Give a function of (step, steps, loss) that draws the bar."""
    with stage_bars() as update:
        yield lambda step, steps, loss: update(label, step, steps, loss)


@contextmanager
def stage_bars() -> Iterator[Callable[[str, int, int, float], None]]:
    """Give a function of (stage, step, steps, loss) that draws a bar for each stage."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeLeft(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, TaskID] = {}

        def update(stage: str, step: int, steps: int, loss: float) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, loss=loss)
            bar.update(tasks[stage], completed=step, total=steps, loss=loss)

        yield update


@contextmanager
def score_bar() -> Iterator[Callable[[str, int, int, float], None]]:
    """Give a function of (method, questions done, questions, mean score) that draws a bar each."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("score {task.fields[score]:.3f}"),
        TimeLeft(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, TaskID] = {}

        def update(method: str, done: int, total: int, score: float) -> None:
            if method not in tasks:
                # Time left is estimated from what this run does, not from what it found done.
                tasks[method] = bar.add_task(method, score=score, completed=done, total=total)
            bar.update(tasks[method], completed=done, total=total, score=score)

        yield update
