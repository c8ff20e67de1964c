"""The result file of one backbone: its sizes, every method's counts, and LPM's ratios to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lpm.benchmarks.efficiency.counting import MethodCount, lpm_sizes
from lpm.benchmarks.efficiency.decoder import Decoder
from lpm.modeling import LPMConfig

SCHEMA_VERSION = 1
CLAIMED_KV_RATIO = 64


@dataclass(frozen=True)
class Ratios:
    """How many times as much as LPM the others take, by their size.

    lora_parameters: trained floats of a user, by rank. request_kv, kv: KV-cache of full context, by
    tokens of history, with the message and without. prefill: operations of full context, by tokens.
    context_for_claim: least tokens of history at which full context takes CLAIMED_KV_RATIO times
    the KV-cache of a whole request.
    """

    lora_parameters: Mapping[int, float]
    request_kv: Mapping[int, float]
    kv: Mapping[int, float]
    prefill: Mapping[int, float]
    context_for_claim: int


def ratios(counts: Sequence[MethodCount]) -> Ratios:
    """Divide LoRA's and full context's counts by LPM's."""
    (own,) = [count for count in counts if count.method == "lpm"]
    lora = [count for count in counts if count.method == "lora"]
    full = [count for count in counts if count.method == "full-context"]
    per_token = own.kv_bytes // own.added_tokens
    message_tokens = own.request_kv_bytes // per_token - own.added_tokens
    whole = own.added_tokens + message_tokens
    return Ratios(
        lora_parameters={c.size: c.params_per_user / own.params_per_user for c in lora},
        request_kv={c.size: c.request_kv_bytes / own.request_kv_bytes for c in full},
        kv={c.size: c.kv_bytes / own.kv_bytes for c in full},
        prefill={c.size: c.prefill_operations / own.prefill_operations for c in full},
        context_for_claim=CLAIMED_KV_RATIO * whole - message_tokens,
    )


def document(
    decoder: Decoder,
    config: LPMConfig,
    counts: Sequence[MethodCount],
    message_tokens: int,
    lora_by_peft: Mapping[int, int],
    environment: Mapping[str, str],
) -> dict[str, object]:
    """Return the result file's content; lora_by_peft: PEFT's own count of each rank."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "counted",
        "backbone": asdict(decoder) | {"kv_bytes_per_token": decoder.kv_bytes_per_token},
        "lpm": {
            "num_slots": config.num_slots,
            "slot_dim": config.writer.slot_dim,
            "num_soft_tokens": config.num_soft_tokens,
            "config": lpm_sizes(config),
        },
        "message_tokens": message_tokens,
        "counts": [asdict(count) for count in counts],
        "lora_by_peft": dict(lora_by_peft),
        "ratios": asdict(ratios(counts)),
        "environment": dict(environment),
    }


def save(path: Path, content: Mapping[str, object]) -> None:
    """Write a result file as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
