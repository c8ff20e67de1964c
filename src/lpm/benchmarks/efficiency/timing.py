"""Time and memory of one request: a memory's rows against a history in the context.

The weights' values change neither, so random weights and random history tokens are timed as
trained ones are. Answers are greedy and never end early.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lpm.backbone import Backbone
from lpm.benchmarks.efficiency.decoder import PublishedSizes
from lpm.errors import ConfigError
from lpm.modeling import LPMModel
from lpm.nn.injection import Prompt, build_prompt, inject

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Request = tuple[Float[Tensor, "1 tokens hidden"], Bool[Tensor, "1 tokens"]]
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class RequestTime:
    """What one kind of request took.

    context_tokens: positions that request and answer take. first_token_s: median seconds from the
    request to the first answer token, of first_tokens_s. decode_tokens_per_s: median rate of the
    following tokens. peak_bytes: the highest mark of memory while the request ran, weights and all
    included: the GPU's, or the whole process's; None where the system does not tell.
    """

    method: str
    context_tokens: int
    read_tokens: int
    first_token_s: float
    first_tokens_s: tuple[float, ...]
    decode_tokens_per_s: float
    peak_bytes: int | None


def random_backbone(
    sizes: PublishedSizes, tokenizer: PreTrainedTokenizerBase, device: str, context_tokens: int
) -> Backbone:
    """Return a backbone of published sizes with random bfloat16 weights.

    context_tokens: positions it must have; the published ones where those are more.
    """
    from transformers import AutoModelForCausalLM

    config = sizes.config()
    config.max_position_embeddings = max(context_tokens, sizes.max_position_embeddings)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    return Backbone(model, tokenizer, f"{sizes.name}, random weights")


def message_of(backbone: Backbone, tokens: int) -> str:
    """Return a text of at least `tokens` tokens, and as few more as can be."""
    text = "a"
    while len(backbone.tokenizer.encode(text, add_special_tokens=False)) < tokens:
        text += " a"
    return text


def latent_request(model: LPMModel, message: str) -> Callable[[], Request]:
    """Return what reads a memory of random slots for a message: e(x), rows and prompt."""
    backbone, config = model.backbone, model.config
    generator = torch.Generator().manual_seed(0)
    slots = torch.randn(1, 1, config.num_slots, config.writer.slot_dim, generator=generator)
    slots = slots.to(model.projector.w_q.device)

    def request() -> Request:
        rows, _ = model.projector(slots, model.queries([message]))
        chat = build_prompt(
            backbone, [{"role": "user", "content": message}], config.placement, rows=True
        )
        return inject(backbone, [chat], [rows[0]])

    return request


def full_context_request(
    backbone: Backbone, message: str, context_tokens: int, new_tokens: int
) -> Callable[[], Request]:
    """Return what reads random history tokens and a message, so that the answer just fits.

    Raises ConfigError where the message and its answer leave no room.
    """
    chat = build_prompt(backbone, [{"role": "user", "content": message}], "front", rows=False)
    room = context_tokens - new_tokens - chat.num_tokens
    if room < 1:
        raise ConfigError(
            f"A context of {context_tokens} tokens leaves no room for a history beside "
            f"{chat.num_tokens} tokens of message and {new_tokens} of answer; give a longer one."
        )
    generator = torch.Generator().manual_seed(0)
    history: Int[Tensor, " tokens"] = torch.randint(
        0, len(backbone.tokenizer), (room,), generator=generator
    )
    prompt = Prompt(tuple(history.tolist()), chat.after)
    return lambda: inject(backbone, [prompt], [None])


@torch.no_grad()
def time_request(
    method: str,
    backbone: Backbone,
    request: Callable[[], Request],
    *,
    new_tokens: int,
    repeats: int,
) -> RequestTime:
    """Time a request `repeats` times after one that is not counted."""
    _reset_peak(backbone.device)
    runs = [_timed(backbone, request, new_tokens) for _ in range(1 + repeats)][1:]
    read = runs[0][2]
    firsts = tuple(first for first, _, _ in runs)
    return RequestTime(
        method=method,
        context_tokens=read + new_tokens,
        read_tokens=read,
        first_token_s=median(firsts),
        first_tokens_s=firsts,
        decode_tokens_per_s=median(rate for _, rate, _ in runs),
        peak_bytes=_peak_bytes(backbone.device),
    )


def _timed(
    backbone: Backbone, request: Callable[[], Request], new_tokens: int
) -> tuple[float, float, int]:
    """Return (seconds to the first token, tokens a second after it, tokens read)."""
    from transformers import DynamicCache

    begin = _now(backbone.device)
    embeddings, mask = request()
    cache, read = DynamicCache(config=backbone.text_config), mask.shape[1]
    token = _next(backbone, embeddings, mask, cache)
    first = _now(backbone.device)
    for _ in range(new_tokens - 1):
        mask = torch.cat([mask, mask.new_ones(1, 1)], dim=1)
        token = _next(backbone, backbone.embed(token[:, None]), mask, cache)
    return first - begin, (new_tokens - 1) / (_now(backbone.device) - first), read


def _next(backbone: Backbone, embeddings: Tensor, mask: Tensor, cache: Any) -> Tensor:
    """Return the likeliest next token; everything new is read at once, which is fastest."""
    last = torch.zeros(embeddings.shape[:2], dtype=torch.bool, device=embeddings.device)
    last[:, -1] = True
    return backbone.logits_at(embeddings, mask, last, cache).argmax(dim=-1)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _reset_peak(device: torch.device) -> None:
    """Forget the highest mark so far, which is that of loading."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    elif _CLEAR.exists():
        _CLEAR.write_text("5")


def _peak_bytes(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    found = (
        re.search(r"^VmHWM:\s+(\d+) kB$", _STATUS.read_text(), re.M) if _CLEAR.exists() else None
    )
    return int(found[1]) * 1024 if found else None
