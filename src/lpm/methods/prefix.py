"""Learnt keys and values before everything: prefix tuning, and a cartridge begun from text.

Prefix tuning (arXiv 2101.00190) starts from the keys and values of random tokens, a cartridge
(arXiv 2506.06266) from those of the history's first tokens; both are then trained directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from lpm.backbone import Backbone
from lpm.errors import DivergedError
from lpm.learning.examples import AnswerLogits, Example, build_example
from lpm.learning.losses import example_losses
from lpm.methods.contract import Cost, Request
from lpm.methods.plain import text_reading
from lpm.methods.reading import KeyValues, Reading, empty_cache
from lpm.methods.responder import Responder
from lpm.methods.settings import require_at_least
from lpm.methods.studied import Studies, TrainingSettings
from lpm.prompting import turn_lines, written
from lpm.types import History

ROWS_PER_STEP = 8


@dataclass(frozen=True)
class PrefixSettings(TrainingSettings):
    """The same, with the positions that the prefix holds in every layer."""

    num_tokens: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, num_tokens=1)


@dataclass(frozen=True)
class CartridgeSettings(PrefixSettings):
    """The same, with a longer prefix."""

    num_tokens: int = 64


class PrefixTuning(Responder):
    """Keys and values of a few positions, one set a user, trained by Adam."""

    name = "prefix-tuning"

    def __init__(self, studies: Studies, settings: PrefixSettings) -> None:
        super().__init__(studies.backbone)
        self.studies = studies
        self.settings = settings

    def learn(self, history: History, seed: int) -> None:
        """Train a fresh prefix."""
        pairs = self.studies.pairs(history, self.settings, seed)
        generator = torch.Generator().manual_seed(seed)
        start = key_values(self.backbone, self.start(history, generator))
        examples = [
            build_example(self.backbone, pair.question, pair.answer, "front") for pair in pairs
        ]
        self.prefix = self._trained(start, examples, generator)

    def start(self, history: History, generator: torch.Generator) -> Int[Tensor, " tokens"]:
        """Return the tokens whose keys and values the prefix starts from: random ones."""
        table = self.backbone.model.get_input_embeddings().weight
        return torch.randint(0, len(table), (self.settings.num_tokens,), generator=generator)

    def _trained(
        self, start: KeyValues, examples: Sequence[Example], generator: torch.Generator
    ) -> KeyValues:
        steps = self.settings.steps
        rate = self.settings.learning_rate
        states = start.states.detach().float().clone().requires_grad_(True)
        optimiser = torch.optim.Adam([states], lr=rate, betas=(0.9, 0.95))
        for step in range(steps):
            order = torch.randperm(len(examples), generator=generator)[:ROWS_PER_STEP]
            batch = [examples[i] for i in order.tolist()]
            optimiser.param_groups[0]["lr"] = rate * max(0.1, 1 - step / steps)
            scored = answer_logits(self.backbone, KeyValues(states), batch)
            loss = example_losses(scored, [None] * len(batch)).mean()
            if not torch.isfinite(loss):
                raise DivergedError(
                    f"The loss of method '{self.name}' became NaN or infinite; lower its "
                    "`learning_rate`."
                )
            optimiser.zero_grad()
            loss.backward(inputs=[states])
            torch.nn.utils.clip_grad_norm_([states], 1.0)
            optimiser.step()
        return KeyValues(states.detach())

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Read each request as it stands, behind the prefix."""
        return [text_reading(self.backbone, request.messages) for request in requests]

    def count(self) -> Cost:
        """Count the prefix."""
        floats = 0 if self.prefix is None else self.prefix.states.numel()
        return Cost(floats, 0, 4 * floats)


class Cartridge(PrefixTuning):
    """A prefix that starts as the KV-cache of the history's first tokens."""

    name = "cartridge"

    def start(self, history: History, generator: torch.Generator) -> Int[Tensor, " tokens"]:
        """Return the history's first tokens; random ones follow where it is shorter."""
        text = written(turn_lines(history))
        ids = torch.tensor(self.backbone.tokenizer.encode(text), dtype=torch.long)
        ids = ids[: self.settings.num_tokens]
        missing = self.settings.num_tokens - len(ids)
        return torch.cat([ids, super().start(history, generator)[:missing]])


@torch.no_grad()
def key_values(backbone: Backbone, ids: Int[Tensor, " tokens"]) -> KeyValues:
    """Return the keys and values that the backbone makes of tokens, for every layer."""
    cache = empty_cache(backbone)
    backbone.model.base_model(
        input_ids=ids[None].to(backbone.device), past_key_values=cache, use_cache=True
    )
    layers = [torch.stack([layer.keys[0], layer.values[0]]) for layer in cache.layers]
    return KeyValues(torch.stack(layers).float())


def answer_logits(
    backbone: Backbone, prefix: KeyValues, examples: Sequence[Example]
) -> AnswerLogits:
    """Return the logits of all answers behind a prefix, through which gradients pass."""
    texts = [[*e.prompt.before, *e.prompt.after, *e.answer] for e in examples]
    ids, text_mask = backbone.pad(texts, padding_side="right")
    wanted = torch.zeros_like(text_mask)
    for index, (text, example) in enumerate(zip(texts, examples, strict=True)):
        end = len(text) - 1
        # The position before an answer token predicts it.
        wanted[index, end - len(example.answer) : end] = True
    leading = text_mask.new_ones(len(examples), prefix.num_tokens)
    logits = backbone.logits_at(
        backbone.embed(ids),
        torch.cat([leading, text_mask], dim=1),
        wanted,
        prefix.cache(backbone, len(examples)),
    )
    targets = torch.tensor([token for example in examples for token in example.answer])
    owner = torch.tensor([index for index, e in enumerate(examples) for _ in e.answer])
    return AnswerLogits(logits, targets.to(backbone.device), owner.to(backbone.device))
