"""LoRA as PEFT builds it, counted on a model without weights."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from lpm.benchmarks.efficiency.decoder import PublishedSizes, meta_model
from lpm.errors import MissingExtraError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def lora_parameters_by_peft(sizes: PublishedSizes, rank: int) -> int:
    """Return the trained floats of PEFT's adapter on all linear layers, counted tensor by tensor.

    Raises MissingExtraError without PEFT.
    """
    return adapter_parameters(meta_model(sizes.config()), rank)


def adapter_parameters(model: PreTrainedModel, rank: int) -> int:
    """Put a LoRA adapter on all linear layers of `model` and count its floats."""
    if find_spec("peft") is None:
        raise MissingExtraError("LoRA needs peft: pip install 'latent-personal-memory[bench]'.")
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=rank, target_modules="all-linear", task_type="CAUSAL_LM")
    # PEFT's name for making the adapter on the meta device.
    adapted = inject_adapter_in_model(config, model, low_cpu_mem_usage=True)
    return sum(
        parameter.numel()
        for name, parameter in adapted.named_parameters()
        if "lora_" in name and parameter.requires_grad
    )
