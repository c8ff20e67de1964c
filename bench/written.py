"""Write histories of synthetic users and ask the memories, for the benches beside this file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lpm.benchmarks.synthetic import SyntheticQuestion, is_right
from lpm.chunking import chunk_history
from lpm.memory import Memory, SessionRecord
from lpm.methods.answering import answer_questions
from lpm.modeling import LPMModel
from lpm.remembering import session_times, settled
from lpm.types import History
from lpm.writing import write_slots

TEST_SEED = 20_000_000
TUNE_SEED = 30_000_000


def write(model: LPMModel, history: History, user: str = "user") -> Memory:
    """Return the memory that the writer makes of a history."""
    written = write_slots(model, chunk_history(history), model.config.num_slots)
    learnt = settled(model, written.as_written(), session_times((), history))
    records = tuple(SessionRecord(s.session_id, s.content_hash(), s.time) for s in history.sessions)
    return Memory.create(
        user,
        sessions=records,
        backbone=model.backbone.fingerprint,
        projector=model.fingerprint,
        **learnt.fields(),
    )


Kept = Callable[[Tensor], Tensor]
"""What is kept of the rows of a batch."""


@torch.no_grad()
def ask(
    model: LPMModel, slots: Tensor | None, questions: Sequence[str], *, kept: Kept | None = None
) -> list[str]:
    """Return greedy answers from slots; None asks the plain backbone."""
    if slots is None:
        return answer_questions(model.backbone, questions, None)
    shared = slots[None].expand(len(questions), -1, -1, -1)
    rows, _ = model.projector(shared, model.queries(questions))
    return answer_questions(model.backbone, questions, kept(rows) if kept else rows)


def right(
    model: LPMModel,
    slots: Tensor | None,
    questions: Sequence[SyntheticQuestion],
    *,
    kept: Kept | None = None,
) -> list[float]:
    """Return 1.0 for each question that the slots answer rightly, else 0.0."""
    if not questions:
        return []
    texts = ask(model, slots, [question.question for question in questions], kept=kept)
    return [float(is_right(text, q)) for text, q in zip(texts, questions, strict=True)]
