"""What the frozen LLM itself says of one slot: the answer to a question with that slot alone."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lpm.modeling import LPMModel
from lpm.nn.injection import build_prompt, inject
from lpm.types import Message

ASKED = "What did I tell you about this?"


@torch.no_grad()
def tell_slots(
    model: LPMModel,
    slots: Float[Tensor, "groups slots slot_dim"],
    message: str = ASKED,
    *,
    max_new_tokens: int = 16,
) -> list[str]:
    """Return the greedy answer to a message from each slot as the only one of a memory."""
    backbone, count = model.backbone, slots.shape[1]
    alone = slots.permute(1, 0, 2)[:, :, None, :]
    rows, _ = model.projector(alone, model.queries([message]).expand(count, -1))
    chat: list[Message] = [{"role": "user", "content": message}]
    prompt = build_prompt(backbone, chat, model.config.placement, rows=True)
    embeddings, mask = inject(backbone, [prompt] * count, list(rows))
    tokens = backbone.generate(embeddings, mask, max_new_tokens=max_new_tokens)
    return [text.strip() for text in backbone.decode(tokens)]
