"""The sizes of a causal LM, read off a model without weights on the meta device."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from lpm.embedded import MODEL_NAME
from lpm.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


@dataclass(frozen=True)
class PublishedSizes:
    """Sizes that a backbone's authors publish in a configuration file, and where."""

    name: str
    source: str
    model_type: str
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    tie_word_embeddings: bool
    max_position_embeddings: int

    def config(self) -> PretrainedConfig:
        """Return the transformers configuration of these sizes."""
        from transformers import AutoConfig

        sizes = asdict(self)
        for key in ("name", "source", "model_type"):
            del sizes[key]
        config: PretrainedConfig = AutoConfig.for_model(self.model_type, **sizes)
        return config


def _qwen3(
    name: str, hidden: int, intermediate: int, layers: int, heads: int, *, tied: bool
) -> PublishedSizes:
    return PublishedSizes(
        name=name,
        source=f"config.json of Qwen/{name}",
        model_type="qwen3",
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=8,
        head_dim=128,
        vocab_size=151936,
        tie_word_embeddings=tied,
        max_position_embeddings=40960,
    )


QWEN3 = (
    _qwen3("Qwen3-1.7B", 2048, 6144, 28, 16, tied=True),
    _qwen3("Qwen3-4B", 2560, 9728, 36, 32, tied=True),
    _qwen3("Qwen3-8B", 4096, 12288, 36, 32, tied=False),
)
SMOLLM2 = PublishedSizes(
    name=MODEL_NAME,
    source=f"config.json of HuggingFaceTB/{MODEL_NAME}",
    model_type="llama",
    hidden_size=576,
    intermediate_size=1536,
    num_hidden_layers=30,
    num_attention_heads=9,
    num_key_value_heads=3,
    head_dim=64,
    vocab_size=49152,
    tie_word_embeddings=True,
    max_position_embeddings=8192,
)
BACKBONES = (SMOLLM2, *QWEN3)


@dataclass(frozen=True)
class Decoder:
    """A causal LM as the counts see it.

    layer_linears: (inputs, outputs) of every linear layer in one decoder layer; all layers are
    alike. itemsize: bytes of one cached number.
    """

    name: str
    source: str
    parameters: int
    hidden_size: int
    vocab_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    layer_linears: tuple[tuple[int, int], ...]
    max_context_tokens: int
    itemsize: int

    @property
    def kv_numbers_per_token(self) -> int:
        """Return how many keys and values one token leaves in the cache, over all layers."""
        return 2 * self.num_layers * self.num_kv_heads * self.head_dim

    @property
    def kv_bytes_per_token(self) -> int:
        """Return the KV-cache of one token in bytes."""
        return self.kv_numbers_per_token * self.itemsize


def meta_model(config: PretrainedConfig, dtype: torch.dtype = torch.bfloat16) -> PreTrainedModel:
    """Return the model of a configuration without any weights: shapes alone."""
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype)
    return model.eval()


def read_decoder(name: str, source: str, model: PreTrainedModel) -> Decoder:
    """Return the sizes of a model; ConfigError where layers differ or do not attend to all."""
    config = model.config.get_text_config()
    # Mistral names no kinds of layer, but all of its attend within a window.
    window = getattr(config, "sliding_window", None)
    unnamed = ["sliding_attention" if window else "full_attention"]
    kinds = set(getattr(config, "layer_types", None) or unnamed)
    layers = list(_decoder_layers(name, model))
    shapes = [_linears(layer) for layer in layers]
    if kinds != {"full_attention"} or len({*shapes}) != 1:
        raise ConfigError(
            f"Backbone '{name}' should have equal layers of full attention, but has "
            f"{len({*shapes})} kinds of layer and attends by {sorted(kinds)}."
        )
    heads = int(config.num_attention_heads)
    return Decoder(
        name=name,
        source=source,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        hidden_size=int(config.hidden_size),
        vocab_size=int(config.vocab_size),
        num_layers=len(layers),
        num_heads=heads,
        num_kv_heads=int(getattr(config, "num_key_value_heads", None) or heads),
        head_dim=int(getattr(config, "head_dim", None) or config.hidden_size // heads),
        layer_linears=shapes[0],
        max_context_tokens=int(config.max_position_embeddings),
        itemsize=model.dtype.itemsize,
    )


def published_decoder(sizes: PublishedSizes) -> Decoder:
    """Return the decoder of published sizes, in bfloat16."""
    return read_decoder(sizes.name, sizes.source, meta_model(sizes.config()))


def _decoder_layers(name: str, model: PreTrainedModel) -> nn.ModuleList:
    layers = getattr(model.base_model, "layers", None)
    if not isinstance(layers, nn.ModuleList):
        raise ConfigError(f"Backbone '{name}' should keep its layers in `layers`, but does not.")
    return layers


def _linears(layer: nn.Module) -> tuple[tuple[int, int], ...]:
    return tuple(
        (module.in_features, module.out_features)
        for module in layer.modules()
        if isinstance(module, nn.Linear)
    )
