"""What every method takes for one request about one user, counted from sizes alone.

A request is one message of a fixed number of tokens. `bytes_per_user` counts trained floats as
float32 and tokens as 32-bit numbers; names, dates and provenance are left out for all methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import torch

from lpm.benchmarks.efficiency.decoder import Decoder
from lpm.benchmarks.efficiency.operations import (
    causal_pairs,
    layers_operations,
    lora_operations,
    lora_parameters,
    prefill_operations,
    reading_operations,
)
from lpm.modeling import LPMConfig, LPMModel, same_depths

MESSAGE_TOKENS = 64
LORA_RANKS = (8, 16, 64)
PROMPT_TUNING_ROWS = (16, 128)
CARTRIDGE_POSITIONS = (128, 512, 2048)
CONTEXT_TOKENS = tuple(1024 * thousands for thousands in (4, 8, 16, 32, 64, 128))
# PEFT keeps the first position of a cartridge as it was read from text.
FROZEN_POSITIONS = 1
_STORED_ITEMSIZE = 4


@dataclass(frozen=True)
class MethodCount:
    """One method at one size.

    size: what the method's size is counted in: slots, rank, rows, positions or tokens.
    added_tokens: positions that stand in the KV-cache beside the message. kv_bytes: the cache of
    those; request_kv_bytes: with the message. prefill_operations: from the request to the first
    answer token's logits.
    """

    method: str
    size: int
    params_per_user: int
    params_shared: int
    bytes_per_user: int
    added_tokens: int
    kv_bytes: int
    request_kv_bytes: int
    prefill_operations: int


def lpm_config(decoder: Decoder, trained: Path | None = None) -> LPMConfig:
    """Return LPM's sizes for a decoder: its width, and the default layers at the same depths.

    trained: a folder of shared weights whose other sizes to take; the defaults without one.
    """
    base = LPMConfig.from_pretrained(trained) if trained else LPMConfig()
    own = {
        "backbone": "",
        "hidden_size": decoder.hidden_size,
        "layers": same_depths(base.layers, decoder.num_layers),
        "token_layers": same_depths(base.token_layers, decoder.num_layers),
    }
    return LPMConfig(**(lpm_sizes(base) | own))


def lpm_sizes(config: LPMConfig) -> dict[str, Any]:
    """Return what `LPMConfig` is made of, and nothing that transformers adds."""
    known = signature(LPMConfig.__init__).parameters
    return {key: value for key, value in config.to_dict().items() if key in known}


def count_lpm(decoder: Decoder, config: LPMConfig, message_tokens: int) -> MethodCount:
    """Count LPM: the slots of a user, projector and writer shared, and rows in the cache.

    A request also computes e(x) from the message's first layers and reads the memory.
    """
    with torch.device("meta"):
        shared = sum(parameter.numel() for parameter in LPMModel(config).parameters())
    rows, per_user = config.num_soft_tokens, config.num_slots * config.writer.slot_dim
    query_layers = {"embedding": 0, "early-exit": max(config.layers)}
    deepest = query_layers.get(config.query_kind, decoder.num_layers)
    operations = (
        layers_operations(decoder, message_tokens, causal_pairs(message_tokens), deepest)
        + reading_operations(config, decoder.vocab_size)
        + prefill_operations(decoder, rows + message_tokens)
    )
    return _count(
        decoder, "lpm", config.num_slots, per_user, rows, operations, message_tokens, shared=shared
    )


def count_lora(decoder: Decoder, rank: int, message_tokens: int) -> MethodCount:
    """Count LoRA on all linear layers, its factors applied beside the frozen weights."""
    operations = prefill_operations(decoder, message_tokens)
    operations += lora_operations(decoder, rank, message_tokens)
    parameters = lora_parameters(decoder, rank)
    return _count(decoder, "lora", rank, parameters, 0, operations, message_tokens)


def count_prompt_tuning(decoder: Decoder, rows: int, message_tokens: int) -> MethodCount:
    """Count prompt tuning: rows as wide as an embedding, read with every request."""
    operations = prefill_operations(decoder, rows + message_tokens)
    parameters = rows * decoder.hidden_size
    return _count(decoder, "prompt-tuning", rows, parameters, rows, operations, message_tokens)


def count_cartridge(decoder: Decoder, positions: int, message_tokens: int) -> MethodCount:
    """Count a cartridge: trained keys and values of every layer, loaded and never computed."""
    operations = prefill_operations(decoder, message_tokens, positions)
    parameters = (positions - FROZEN_POSITIONS) * decoder.kv_numbers_per_token
    stored = positions * decoder.kv_numbers_per_token * _STORED_ITEMSIZE
    return _count(
        decoder,
        "cartridge",
        positions,
        parameters,
        positions,
        operations,
        message_tokens,
        stored=stored,
    )


def count_full_context(
    decoder: Decoder, tokens: int, message_tokens: int, *, cached: bool = False
) -> MethodCount:
    """Count a history in the context, read with the request or loaded as a stored KV-cache."""
    new, held = (message_tokens, tokens) if cached else (tokens + message_tokens, 0)
    return _count(
        decoder,
        "full-context-cached" if cached else "full-context",
        tokens,
        0,
        tokens,
        prefill_operations(decoder, new, held),
        message_tokens,
        stored=tokens * (decoder.kv_bytes_per_token if cached else _STORED_ITEMSIZE),
    )


def count_methods(
    decoder: Decoder,
    config: LPMConfig,
    *,
    message_tokens: int = MESSAGE_TOKENS,
    context_tokens: Sequence[int] = CONTEXT_TOKENS,
) -> tuple[MethodCount, ...]:
    """Count every method at its sizes, LPM first."""
    return (
        count_lpm(decoder, config, message_tokens),
        *(count_lora(decoder, rank, message_tokens) for rank in LORA_RANKS),
        *(count_prompt_tuning(decoder, rows, message_tokens) for rows in PROMPT_TUNING_ROWS),
        *(count_cartridge(decoder, size, message_tokens) for size in CARTRIDGE_POSITIONS),
        *(
            count_full_context(decoder, tokens, message_tokens, cached=cached)
            for cached in (False, True)
            for tokens in context_tokens
        ),
    )


def _count(
    decoder: Decoder,
    method: str,
    size: int,
    parameters: int,
    added_tokens: int,
    operations: int,
    message_tokens: int,
    *,
    shared: int = 0,
    stored: int | None = None,
) -> MethodCount:
    per_token = decoder.kv_bytes_per_token
    return MethodCount(
        method=method,
        size=size,
        params_per_user=parameters,
        params_shared=shared,
        bytes_per_user=parameters * _STORED_ITEMSIZE if stored is None else stored,
        added_tokens=added_tokens,
        kv_bytes=added_tokens * per_token,
        request_kv_bytes=(added_tokens + message_tokens) * per_token,
        prefill_operations=operations,
    )
