"""What makes a backbone slow on a CPU, done otherwise with the same result."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION_NAME = "lpm_sdpa"


def attention_forward(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attend as PyTorch does, in float32 where bfloat16 gradients on a CPU are needed.

    The bfloat16 backward of PyTorch's CPU kernel takes about five times the float32 one.
    """
    dtype = query.dtype
    if query.device.type == "cpu" and dtype != torch.float32 and torch.is_grad_enabled():
        query, key, value = query.float(), key.float(), value.float()
        if mask is not None and mask.dtype != torch.bool:
            mask = mask.float()
    output, _ = sdpa_attention_forward(module, query, key, value, mask, **options)
    return output.to(dtype), None


def use_contiguous_states(model: PreTrainedModel) -> None:
    """Hand the output embedding contiguous states.

    The last position of a batch is a strided slice, for which PyTorch copies the whole output table
    once an example: four fifths of the time to a batch's first token with the default backbone.
    """
    output = model.get_output_embeddings()
    if output is not None:
        output.register_forward_pre_hook(_contiguous)


def _contiguous(module: torch.nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(part.contiguous() for part in given)


def use_attention(model: PreTrainedModel) -> None:
    """Attend this way in `model`, unless it has no PyTorch kernel (Gemma 2 caps scores)."""
    if model.config._attn_implementation == "sdpa":
        AttentionInterface.register(ATTENTION_NAME, attention_forward)
        AttentionMaskInterface.register(ATTENTION_NAME, sdpa_mask)
        model.set_attn_implementation(ATTENTION_NAME)
