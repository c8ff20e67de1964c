"""Floating-point operations of a prefill, by formula.

Counted: every matrix product, as two operations for each multiplication and its addition. Those are
the linear layers, queries times keys, attention times values, the output layer at the last token
alone, LoRA's two factors and the projector. Not counted: norms, rotary embeddings, softmax,
activations, biases, sampling. Attention is causal: a token meets itself and those before it, which
is half of what a kernel computes that masks the other half.
"""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from lpm.benchmarks.efficiency.decoder import Decoder
from lpm.modeling import LPMConfig, LPMModel
from lpm.nn.vocabulary import VocabularyMLP


def causal_pairs(new_tokens: int, cached_tokens: int = 0) -> int:
    """Count the (query, key) pairs when new tokens follow cached ones."""
    return new_tokens * cached_tokens + new_tokens * (new_tokens + 1) // 2


def all_pairs(new_tokens: int, cached_tokens: int = 0) -> int:
    """Count the pairs when masked ones are computed too, as PyTorch's counter does."""
    return new_tokens * (cached_tokens + new_tokens)


def layers_operations(decoder: Decoder, tokens: int, pairs: int, layers: int | None = None) -> int:
    """Return the operations of the first `layers` layers (all by default) over `tokens` tokens."""
    linear = 2 * tokens * sum(inputs * outputs for inputs, outputs in decoder.layer_linears)
    attention = 4 * pairs * decoder.num_heads * decoder.head_dim
    return (decoder.num_layers if layers is None else layers) * (linear + attention)


def output_operations(decoder: Decoder) -> int:
    """Return the operations of the output layer at one token."""
    return 2 * decoder.hidden_size * decoder.vocab_size


def prefill_operations(decoder: Decoder, new_tokens: int, cached_tokens: int = 0) -> int:
    """Return the operations from the prompt to the first answer token's logits."""
    pairs = causal_pairs(new_tokens, cached_tokens)
    return layers_operations(decoder, new_tokens, pairs) + output_operations(decoder)


def lora_operations(decoder: Decoder, rank: int, tokens: int) -> int:
    """Return what adapters on all linear layers add while they are not merged."""
    return 2 * tokens * lora_parameters(decoder, rank)


def lora_parameters(decoder: Decoder, rank: int) -> int:
    """Return the trained floats of LoRA on all linear layers of all decoder layers."""
    return decoder.num_layers * rank * sum(sum(shape) for shape in decoder.layer_linears)


def reading_operations(config: LPMConfig, vocab_size: int) -> int:
    """Return the operations from a message's hidden states to the rows, as PyTorch counts them.

    vocab_size: rows of the embedding table that an MLP of kind "vocabulary" passes over twice.
    """
    with torch.device("meta"):
        model = LPMModel(config)
        if isinstance(model.projector.mlp, VocabularyMLP):
            model.projector.mlp.attach(torch.empty(vocab_size, config.hidden_size))
        slots = torch.empty(1, 1, config.num_slots, config.writer.slot_dim)
        states = torch.empty(1, 1, *model.get_buffer("query_centre").shape)
        mask = torch.ones(1, 1, dtype=torch.bool)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.projector(slots, model.query_of(states, mask))
    return int(counter.get_total_flops())
