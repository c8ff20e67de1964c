"""Score shared weights: values from known evidence, and memories written from raw history."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from prepare import Told, evidence_of, holds, worth_of

from lpm.benchmarks.synthetic import SyntheticUser, generate_user, is_right
from lpm.chunking import chunk_history
from lpm.learning.preparation import worthy_tokens
from lpm.methods.answering import answer_questions
from lpm.modeling import LPMModel
from lpm.writing import write_slots

VALIDATION_SEED = 10_000_000
TUNE_SEED = 30_000_000
_ROWS = 32


def validation_users(count: int) -> list[SyntheticUser]:
    """Return users of the training world, of seeds that no training user has."""
    return [generate_user(VALIDATION_SEED + index, "train") for index in range(count)]


def tuning_users(count: int) -> list[SyntheticUser]:
    """Return users of the test world (other values, other wordings) that no table reports on."""
    return [generate_user(TUNE_SEED + index, "test") for index in range(count)]


@torch.no_grad()
def told_score(model: LPMModel, users: Sequence[SyntheticUser], limit: int = 96) -> float:
    """Return the share of questions answered from the tokens that a perfect writer would keep."""
    items: list[Told] = [item for user in users for item in evidence_of(user, practice=False)]
    items = items[:: max(1, len(items) // limit)][:limit]
    table = model.backbone.model.get_input_embeddings().weight.detach().cpu()
    right = 0
    for start in range(0, len(items), _ROWS):
        part = items[start : start + _ROWS]
        codes = torch.zeros(len(part), model.config.tokens_per_slot, model.config.code_dim)
        for index, (_, chunk, labels) in enumerate(part):
            tokens = torch.tensor(worthy_tokens(model, chunk.text, worth_of(labels)))
            codes[index, : len(tokens)] = model.writer.codes(table[tokens.long()])
        asked = [question for question, _, _ in part]
        rows = model.projector.rows_of(codes)
        texts = answer_questions(model.backbone, [q.question for q in asked], rows)
        right += sum(is_right(text, q) for text, q in zip(texts, asked, strict=True))
    return right / len(items)


@torch.no_grad()
def history_score(model: LPMModel, users: Sequence[SyntheticUser]) -> dict[str, float]:
    """Answer every question from the user's own and from another user's memory.

    kept: share of questions whose evidence is in a slot. retrieved: share whose most attended slot
    is evidence.
    """
    written = [write_slots(model, chunk_history(u.history), model.config.num_slots) for u in users]
    right, kept, retrieved, total = {"own": 0, "swapped": 0}, 0, 0, 0
    for index, user in enumerate(users):
        texts = [q.question for q in user.questions]
        queries = model.queries(texts)
        total += len(texts)
        for kind, source in (("own", index), ("swapped", (index + 1) % len(users))):
            slots = written[source].slots[None].expand(len(queries), -1, -1, -1)
            rows, attention = model.projector(slots, queries)
            said = [
                text
                for start in range(0, len(texts), _ROWS)
                for text in answer_questions(
                    model.backbone, texts[start : start + _ROWS], rows[start : start + _ROWS]
                )
            ]
            right[kind] += sum(is_right(t, q) for t, q in zip(said, user.questions, strict=True))
            if kind == "own":
                held = torch.tensor(
                    [[holds(c, q, user) for c in written[index].chunks] for q in user.questions]
                )
                top = attention.mean(dim=1).argmax(dim=-1)
                kept += int(held.any(dim=1).sum())
                retrieved += int(held.gather(1, top[:, None]).sum())
    shares = {"kept": kept / total, "retrieved": retrieved / total}
    return {kind: count / total for kind, count in right.items()} | shares | {"n": total}
