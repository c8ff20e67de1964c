"""A test double: a tiny frozen LLM of random weights, a projector for it, and a memory.

Made in memory in milliseconds, from a seed, without a file or the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from lpm.backbone import Backbone
from lpm.errors import ConfigError
from lpm.memory import Memory, SessionRecord
from lpm.modeling import LPMConfig, LPMModel
from lpm.nn.attention import use_attention
from lpm.types import SlotSource

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

Family = Literal["qwen3", "llama", "gemma2", "mistral", "gpt_neox"]
FAMILIES: tuple[Family, ...] = ("qwen3", "llama", "gemma2", "mistral", "gpt_neox")

BOS, EOS, PAD, TURN = "<|bos|>", "<|im_end|>", "<|pad|>", "<|im_start|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_HEADS, _KEY_VALUE_HEADS, _POSITIONS = 4, 2, 2048
# Far wider than the usual 0.02, so that the best of the random logits stands clear of the others.
_SPREAD = 0.2
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


def tiny_tokenizer() -> PreTrainedTokenizerBase:
    """Return a byte-level tokenizer: one token a byte, four special tokens, a ChatML template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: index for index, character in enumerate(alphabet)}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        additional_special_tokens=[TURN],
        model_max_length=_POSITIONS,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def tiny_backbone(
    family: Family = "qwen3",
    *,
    seed: int = 0,
    layers: int = 3,
    hidden_size: int = 32,
    dtype: torch.dtype = torch.float32,
    tokenizer: PreTrainedTokenizerBase | None = None,
) -> Backbone:
    """Return a backbone of random weights of one model family, on the CPU.

    hidden_size: a multiple of 8. tokenizer: the byte-level one by default. Raises ConfigError for
    an unknown family.
    """
    from transformers import AutoModelForCausalLM

    tokenizer = tokenizer or tiny_tokenizer()
    config = _config(family, tokenizer, layers, hidden_size)
    with _seeded(seed):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    use_attention(model)
    return Backbone(model, tokenizer, f"tiny-{family}")


def save_tiny_backbone(
    folder: Path,
    family: Family = "qwen3",
    *,
    seed: int = 0,
    layers: int = 3,
    hidden_size: int = 32,
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Write a tiny backbone where `Backbone.load(folder)` finds it; return the folder."""
    made = tiny_backbone(family, seed=seed, layers=layers, hidden_size=hidden_size, dtype=dtype)
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


def tiny_model(
    backbone: Backbone,
    *,
    num_slots: int = 4,
    tokens_per_slot: int = 3,
    code_dim: int = 4,
    key_dim: int = 8,
    seed: int = 0,
    **options: Any,
) -> LPMModel:
    """Return an untrained projector and writer for `backbone`, in evaluation mode.

    options: further fields of `LPMConfig`. The defaults make slots 20 wide.
    """
    sizes: dict[str, Any] = {"head_dim": 8, "mlp_dim": 16, "scorer_dim": 8, "layers": (0, 2)}
    sizes |= {"coder_dim": 8, "keyer_dim": 8, "rows_before": 1, "rows_after": 1}
    config = LPMConfig(
        hidden_size=backbone.hidden_size,
        num_slots=num_slots,
        tokens_per_slot=tokens_per_slot,
        code_dim=code_dim,
        key_dim=key_dim,
        **(sizes | options),
    )
    with _seeded(seed):
        model = LPMModel(config, backbone)
    model.train(False)
    return model


def superseding_model(**options: Any) -> LPMModel:
    """Return a tiny trained model to which each statement takes the place of the one before.

    All statements are of one subject and worth keeping. options: of `tiny_model`.
    """
    made = tiny_model(
        tiny_backbone(),
        markers=[70, 80],
        tokens_per_slot=12,
        subject_dim=2,
        supersede_above=-1.0,
        past=True,
        trained=True,
        **options,
    )
    writer: Any = made.writer
    with torch.no_grad():
        writer.subject.net[2].bias[-1] = 100.0
        writer.token_scorer[2].bias += 100.0
        writer.chunk_scorer[2].bias += 100.0
    return made.requires_grad_(False)


def make_memory(
    user: str = "u1", *, model: LPMModel | None = None, seed: int = 0, num_slots: int | None = None
) -> Memory:
    """Return a memory of random slots, learnt from one session; the same arguments, the same bytes.

    model: whose projector and backbone the memory names; without it, two made-up fingerprints and
    slots 20 wide. num_slots: what the model keeps by default, 4 without one.
    """
    groups, width = 1, 20
    backbone, projector = "0" * 16, "1" * 16
    if model is not None:
        groups, width = model.projector.config.slot_groups, model.projector.config.slot_dim
        backbone, projector = model.backbone.fingerprint, model.fingerprint
    count = num_slots or (model.config.num_slots if model else 4)
    slots = torch.randn(groups, count, width, generator=torch.Generator().manual_seed(seed))
    return Memory(
        user=user,
        slots=slots,
        provenance=tuple((SlotSource("s1", index, 1.0),) for index in range(count)),
        sessions=(SessionRecord("s1", f"{seed:064x}", _DATE),),
        backbone=backbone,
        projector=projector,
        created_at=_DATE,
        updated_at=_DATE,
    )


def _config(
    family: Family, tokenizer: PreTrainedTokenizerBase, layers: int, hidden_size: int
) -> PretrainedConfig:
    from transformers import AutoConfig

    if family not in FAMILIES:
        raise ConfigError(f"`family` must be one of {FAMILIES}, but is {family!r}.")
    options: dict[str, Any] = {}
    if family != "gpt_neox":
        options = {"num_key_value_heads": _KEY_VALUE_HEADS, "head_dim": hidden_size // _HEADS}
    if family in ("gemma2", "mistral"):
        # Shorter than a test prompt, so that windows that slide are really tested.
        options["sliding_window"] = 16
    if family == "gemma2":
        options["query_pre_attn_scalar"] = hidden_size // _HEADS
    config: PretrainedConfig = AutoConfig.for_model(
        family,
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=2 * hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=_HEADS,
        max_position_embeddings=_POSITIONS,
        initializer_range=_SPREAD,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **options,
    )
    return config


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw from a seed, and leave the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
