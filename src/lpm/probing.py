"""Does a memory still say it? Questions made from text, answered from slots."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from lpm.chunking import Chunk
from lpm.learning.self_study import SelfStudyConfig, ask_and_answer
from lpm.modeling import LPMModel
from lpm.nn.injection import build_prompt, inject
from lpm.types import Message, QuestionAnswer

MAX_CHUNKS = 16
_WORD = re.compile(r"\w+")
# Words that any answer may hold.
_COMMON_WORDS = (
    "a an and are as at be been but by did do does for from had has have he her his i in is it its "
    "me my of on or our she so some that the their them they this to was we were which who with "
    "would you your not no yes about there very"
)
_COMMON = frozenset(_COMMON_WORDS.split())


def probe_questions(model: LPMModel, chunks: Sequence[Chunk], seed: int) -> list[QuestionAnswer]:
    """Let the backbone ask and answer about at most 16 chunks, spread over those given."""
    step = max(1, -(-len(chunks) // MAX_CHUNKS))
    config = SelfStudyConfig(questions_per_chunk=1, seed=seed)
    pairs = ask_and_answer(model.backbone, chunks[::step], config)
    return [QuestionAnswer(pair.question, pair.answer) for pair in pairs if words(pair.answer)]


@torch.no_grad()
def recalled(model: LPMModel, slots: Tensor | None, pairs: Sequence[QuestionAnswer]) -> float:
    """Return the share of questions that are answered: half of the answer's words are said.

    slots: (groups, slots, slot_dim); None asks the plain backbone.
    """
    if not pairs:
        return 0.0
    backbone = model.backbone
    rows: list[Tensor | None] = [None] * len(pairs)
    if slots is not None:
        queries = model.queries([pair.question for pair in pairs])
        read, _ = model.projector(slots[None].expand(len(pairs), -1, -1, -1), queries)
        rows = list(read)
    chats: list[list[Message]] = [[{"role": "user", "content": pair.question}] for pair in pairs]
    placement = model.config.placement
    prompts = [build_prompt(backbone, chat, placement, rows=slots is not None) for chat in chats]
    embeddings, mask = inject(backbone, prompts, rows)
    said = backbone.decode(backbone.generate(embeddings, mask, max_new_tokens=16))
    right = [
        len(words(pair.answer) & words(text)) * 2 >= len(words(pair.answer))
        for pair, text in zip(pairs, said, strict=True)
    ]
    return sum(right) / len(right)


def words(text: str) -> frozenset[str]:
    """Return the words of a text that tell something, in lower case."""
    return frozenset(_WORD.findall(text.lower())) - _COMMON
