"""What a person is shown: the slots of a memory, and those that a message reads."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.dating import session_dates, with_date
from lpm.inspection.effects import slot_effects
from lpm.inspection.reading import nearest_words
from lpm.inspection.telling import tell_slots
from lpm.memory import Memory
from lpm.modeling import LPMModel
from lpm.types import Explanation, Message, SlotUse, SlotView


@torch.no_grad()
def explain_message(
    model: LPMModel, memory: Memory, message: str, answer: str | None
) -> Explanation:
    """Say which slots a message reads, most used first, and what each is worth to an answer."""
    query = model.queries([message])
    attention = model.projector.attend(memory.slots[None], query)[0]
    weights = attention.mean(dim=0)
    order = weights.argsort(descending=True, stable=True).tolist()
    effects: list[float | None] = [None] * len(order)
    if answer is not None:
        dated = _dated(memory, message, attention)
        effects = [*slot_effects(model, memory.slots, dated, answer, about=message).tolist()]
    slots = tuple(
        SlotUse(
            n,
            float(weights[n]),
            tuple(attention[:, n].tolist()),
            memory.provenance[n],
            effects[n],
        )
        for n in order
    )
    untold = max(0.0, 1.0 - float(weights.sum()))
    return Explanation(memory.user, message, slots, untold)


def view_slots(model: LPMModel, memory: Memory, *, tell: bool) -> tuple[SlotView, ...]:
    """Return every slot as a person can inspect it; tell: also what the LLM says with it alone."""
    words = nearest_words(model, memory.slots)
    count = memory.slots.shape[1]
    told = tell_slots(model, memory.slots) if tell else [None] * count
    return tuple(
        SlotView(
            n,
            float(memory.slots[:, n].norm()),
            words[n],
            memory.provenance[n],
            memory.salience[n] if memory.salience else 0.0,
            told[n],
        )
        for n in range(count)
    )


def _dated(memory: Memory, message: str, attention: Float[Tensor, "heads slots"]) -> str:
    """Return the message as it is answered: one that asks for a date is given it."""
    chat: list[Message] = [{"role": "user", "content": message}]
    given = with_date(chat, message, attention, memory.provenance, session_dates(memory))
    return given[-1]["content"]
