"""Run the demo: remember each person, then answer every question three ways."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lpm.demo.people import DemoQuestion, Person, Rule, locomo_person, shipped_people
from lpm.errors import InputError
from lpm.files import write_atomic
from lpm.model import MODES, LatentPersonalMemory, Mode
from lpm.prompting import BRIEFLY
from lpm.types import Answer, History, RememberReport, SlotSource


@dataclass(frozen=True)
class Reply:
    """One answer of one mode, right or wrong by the question's rule.

    truncated: the history did not fit the backbone's window, so its oldest turns were left out.
    """

    mode: Mode
    text: str
    right: bool
    soft_tokens: int
    prompt_tokens: int
    kv_bytes: int
    seconds: float
    truncated: bool = False


@dataclass(frozen=True)
class Asked:
    """One question: its replies, the attention over slots and the most used slot's source.

    weights: by slot, means over heads, summing to 1. excerpt: the turn that the source names.
    """

    question: str
    answer: str
    replies: tuple[Reply, ...]
    weights: tuple[float, ...]
    top_slot: int
    source: SlotSource | None
    excerpt: str
    rule: Rule = "names"


@dataclass(frozen=True)
class PersonResult:
    """Everything about one person."""

    name: str
    report: RememberReport
    asked: tuple[Asked, ...]
    num_sessions: int = 0
    num_turns: int = 0


@dataclass(frozen=True)
class DemoResult:
    """The whole demo. report: the HTML file. transcript: what the command printed.

    seconds: from opening the backbone to the last answer.
    """

    backbone: str
    people: tuple[PersonResult, ...]
    report: str
    transcript: str = ""
    seconds: float = 0.0

    def to_json(self) -> str:
        """Return the result as one JSON document."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    def summary(self, mode: Mode) -> dict[str, float]:
        """Return the totals and means of one mode over all people."""
        replies = [
            reply
            for person in self.people
            for asked in person.asked
            for reply in asked.replies
            if reply.mode == mode
        ]
        count = max(1, len(replies))
        return {
            "right": sum(reply.right for reply in replies),
            "n": len(replies),
            "prompt_tokens": sum(reply.prompt_tokens for reply in replies) / count,
            "soft_tokens": sum(reply.soft_tokens for reply in replies) / count,
            "kv_bytes": sum(reply.kv_bytes for reply in replies) / count,
            "seconds": sum(reply.seconds for reply in replies) / count,
        }


def run_demo(
    home: Path | None,
    *,
    backbone: str,
    device: str | None,
    seed: int,
    out: Path,
    projector: Path | None = None,
    locomo: Path | None = None,
    speaker: str | None = None,
    select: str | None = None,
    progress: Callable[[str], Any] | None = None,
) -> DemoResult:
    """Learn everybody from raw history, ask, and write the report to `out`.

    home: None keeps the memories in a temporary folder that is removed afterwards. out: gets
    index.html and demo.json. locomo, speaker, select: one more user, of a LoCoMo file. progress:
    called with a line of text before each piece of work. Raises InputError when `out` cannot be
    made, before any work.
    """
    from lpm.demo.report import write_report
    from lpm.demo.table import transcript

    tell = progress or (lambda text: None)
    _make_folder(out)
    people = list(shipped_people())
    if locomo is not None:
        people.append(locomo_person(locomo, speaker, select))
    begin = time.perf_counter()
    with ExitStack() as stack:
        place = home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        memories = stack.enter_context(
            LatentPersonalMemory.open(
                place, backbone=backbone, device=device, projector=projector, seed=seed
            )
        )
        results = tuple(_person(memories, person, tell) for person in people)
        name = memories.backbone.name
    seconds = time.perf_counter() - begin
    result = DemoResult(name, results, str(out / "index.html"), seconds=seconds)
    result = replace(result, transcript=transcript(result))
    write_report(result, out / "index.html")
    write_atomic(out / "demo.json", (result.to_json() + "\n").encode())
    return result


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The report's folder '{out}' cannot be made ({error.strerror}); name another one."
        ) from error


def _person(
    memories: LatentPersonalMemory, person: Person, tell: Callable[[str], Any]
) -> PersonResult:
    tell(f"Remembering {person.name} ({person.history.num_turns} turns) …")
    report = memories.remember(person.name, person.history)
    asked = []
    for number, question in enumerate(person.questions, start=1):
        tell(f"{person.name}: question {number} of {len(person.questions)}")
        asked.append(_ask(memories, person, question))
    history = person.history
    return PersonResult(person.name, report, tuple(asked), len(history.sessions), history.num_turns)


def _ask(memories: LatentPersonalMemory, person: Person, question: DemoQuestion) -> Asked:
    replies = []
    for mode in MODES:
        # The memory's constant rows were trained for short answers; the others are told.
        text = question.question if mode == "memory" else question.question + BRIEFLY
        answer = memories.answer(person.name, text, mode=mode, max_new_tokens=24)
        replies.append(_reply(answer, question))
    explanation = memories.explain(person.name, question.question)
    by_slot = sorted(explanation.slots, key=lambda use: use.slot)
    top = explanation.slots[0]
    source = top.sources[0] if top.sources else None
    return Asked(
        question.question,
        question.answer,
        tuple(replies),
        tuple(use.weight for use in by_slot),
        top.slot,
        source,
        _excerpt(person.history, source),
        question.rule,
    )


def _reply(answer: Answer, question: DemoQuestion) -> Reply:
    return Reply(
        answer.mode,
        answer.text,
        question.is_right(answer.text),
        answer.soft_tokens,
        answer.prompt_tokens,
        answer.kv_bytes,
        answer.seconds,
        answer.mode == "full-context" and answer.kv_bytes < answer.full_context_kv_bytes,
    )


def _excerpt(history: History, source: SlotSource | None) -> str:
    for session, index, turn in history.turns():
        if source and (session.session_id, index) == (source.session_id, source.turn):
            return turn.content
    return ""
