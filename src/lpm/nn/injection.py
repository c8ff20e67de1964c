"""Where the soft-prompt rows go: chat messages in, embeddings with rows spliced in out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lpm.errors import ConfigError, InputError
from lpm.types import Message

if TYPE_CHECKING:
    from lpm.backbone import Backbone

Placement = Literal["message", "front"]
PLACEMENTS: tuple[Placement, ...] = ("message", "front")
_MARK = "\ue000lpm-rows\ue000"


@dataclass(frozen=True)
class Prompt:
    """A templated chat as token ids, cut where the rows go."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def num_tokens(self) -> int:
        """Count the text tokens."""
        return len(self.before) + len(self.after)


def build_prompt(
    backbone: Backbone, messages: Sequence[Message], placement: Placement, *, rows: bool
) -> Prompt:
    """Template a chat whose last message is the user's.

    message: rows stand right before the newest user message's text, inside its turn, so that the
    KV-cache of everything earlier stays valid from turn to turn. front: rows come first of all.
    rows: False gives exactly the plain prompt, uncut, with everything in `after`.
    """
    if placement not in PLACEMENTS:
        raise ConfigError(f"`placement` must be one of {PLACEMENTS}, but is {placement!r}.")
    if not messages or messages[-1]["role"] != "user":
        raise InputError("A chat must end with a message of role `user`; add the user's message.")
    if not rows or placement == "front":
        return Prompt((), tuple(_encode(backbone, _render(backbone, messages))))
    mark = _MARK
    while any(mark in message["content"] for message in messages):
        mark += "\ue000"
    last: Message = {"role": "user", "content": mark + messages[-1]["content"]}
    before, found, after = _render(backbone, [*messages[:-1], last]).partition(mark)
    if not found:
        raise ConfigError(
            f"The chat template of backbone '{backbone.name}' drops or rewrites user text. "
            "Use placement `front`."
        )
    return Prompt(tuple(_encode(backbone, before)), tuple(_encode(backbone, after)))


def inject(
    backbone: Backbone,
    prompts: Sequence[Prompt],
    rows: Sequence[Float[Tensor, "_soft_tokens hidden"] | None],
) -> tuple[Float[Tensor, "batch tokens hidden"], Bool[Tensor, "batch tokens"]]:
    """Return (embeddings, mask) of left-padded prompts, each with its own rows or none."""
    parts = []
    for prompt, soft in zip(prompts, rows, strict=True):
        ids = torch.tensor([*prompt.before, *prompt.after], device=backbone.device)
        text = backbone.embed(ids)
        if soft is not None:
            cut = len(prompt.before)
            text = torch.cat([text[:cut], soft.to(text), text[cut:]])
        parts.append(text)
    width = max(len(part) for part in parts)
    embeddings = parts[0].new_zeros(len(parts), width, backbone.hidden_size)
    mask = torch.zeros(len(parts), width, dtype=torch.bool, device=backbone.device)
    for index, part in enumerate(parts):
        embeddings[index, width - len(part) :] = part
        mask[index, width - len(part) :] = True
    return embeddings, mask


def _encode(backbone: Backbone, text: str) -> list[int]:
    return list(backbone.tokenizer.encode(text, add_special_tokens=False))


def _render(backbone: Backbone, messages: Sequence[Message]) -> str:
    tokenizer = backbone.tokenizer
    if tokenizer.chat_template is None:
        lines = [f"{message['role'].capitalize()}: {message['content']}" for message in messages]
        return "\n".join([*lines, "Assistant:"])
    # Thinking is switched off explicitly; templates without the switch ignore it.
    return str(
        tokenizer.apply_chat_template(
            [{"role": m["role"], "content": m["content"]} for m in messages],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
    )
