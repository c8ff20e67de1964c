"""The frozen LLM: load it, look at its inside, generate from embeddings; it never changes."""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lpm.errors import BackboneError, ConfigError, MissingExtraError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

EMBEDDED = "embedded"
Quantization = Literal["4bit", "8bit"]


class Backbone:
    """A frozen causal LM and its tokenizer."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str = "custom"
    ) -> None:
        """Freeze `model`; it is used as it is, not copied."""
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.name = name
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self._truncated: dict[int, nn.Module] = {}

    @classmethod
    def load(
        cls,
        name: str = EMBEDDED,
        *,
        device: str | None = None,
        dtype: torch.dtype | None = None,
        quantize: Quantization | None = None,
    ) -> Backbone:
        """Load the embedded default, a hub id or a local folder.

        device: "cpu", "cuda", "cuda:1"; the GPU when there is one by default. dtype: that of
        `fast_dtype` by default. Raises BackboneError when it cannot be loaded.
        """
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from lpm.nn.attention import use_attention, use_contiguous_states

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        check_device(device)
        source = _source(name)
        options: dict[str, Any] = {"dtype": dtype or fast_dtype(device)}
        if quantize:
            options["quantization_config"] = _quantization(quantize)
            options["device_map"] = device
        try:
            tokenizer = AutoTokenizer.from_pretrained(source)
            model: Any = AutoModelForCausalLM.from_pretrained(source, **options)
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise BackboneError(
                f"Backbone '{name}' cannot be loaded ({reason}). Give `{EMBEDDED}`, a Hugging Face "
                "hub id such as Qwen/Qwen3-1.7B, or a folder with a causal LM and its tokenizer."
            ) from error
        if not quantize:
            model.to(device)
        if device == "cpu":
            use_attention(model)
            use_contiguous_states(model)
        return cls(model, tokenizer, name)

    @property
    def device(self) -> torch.device:
        """Return where the weights lie."""
        return self.model.device

    @property
    def device_name(self) -> str:
        """Return "cpu" or the name of the GPU."""
        cuda = self.device.type == "cuda"
        return str(torch.cuda.get_device_name(self.device)) if cuda else self.device.type

    @property
    def runs_on(self) -> dict[str, str]:
        """Return dtype and device, as result files record them."""
        return {"dtype": str(self.dtype).removeprefix("torch."), "device": self.device_name}

    @property
    def dtype(self) -> torch.dtype:
        """Return the dtype that embeddings and activations have."""
        return self.model.get_input_embeddings().weight.dtype

    @property
    def text_config(self) -> Any:
        """Return the configuration of the text decoder."""
        return self.model.config.get_text_config()

    @property
    def hidden_size(self) -> int:
        """Return the width of an embedding."""
        return int(self.text_config.hidden_size)

    @property
    def num_layers(self) -> int:
        """Return how many decoder layers there are."""
        return int(self.text_config.num_hidden_layers)

    @property
    def max_context_tokens(self) -> int:
        """Return how many positions the model was made for."""
        return int(self.text_config.max_position_embeddings)

    @property
    def kv_bytes_per_token(self) -> int:
        """Return the KV-cache of one token, in bytes, over all layers."""
        config = self.text_config
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = (
            getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        )
        return int(2 * self.num_layers * heads * width * self.dtype.itemsize)

    @cached_property
    def embedding_rms(self) -> float:
        """Return the root mean square of the embedding table, the scale that rows must have."""
        weight = self.model.get_input_embeddings().weight
        return float(weight.float().pow(2).mean().sqrt())

    @cached_property
    def fingerprint(self) -> str:
        """Return 16 hex digits that name architecture and weights, whatever dtype they load in.

        Hashes the sizes and a fixed sample of every weight in bfloat16: the same checkpoint has
        the same name on every device.
        """
        digest = hashlib.sha256()
        for key, weight in sorted(self.model.state_dict().items()):
            flat = weight.detach().reshape(-1)
            step = max(1, flat.numel() // 512)
            sample = flat[::step][:512].to("cpu", torch.bfloat16)
            digest.update(f"{key}{tuple(weight.shape)}".encode())
            digest.update(sample.view(torch.int16).numpy().tobytes())
        return digest.hexdigest()[:16]

    def tokenize(
        self, texts: Sequence[str], *, padding_side: Literal["left", "right"]
    ) -> tuple[Int[Tensor, "batch tokens"], Bool[Tensor, "batch tokens"]]:
        """Return (ids, mask) of bare texts, without special tokens."""
        rows = [self.tokenizer.encode(text, add_special_tokens=False) for text in texts]
        return self.pad(rows, padding_side=padding_side)

    def pad(
        self, rows: Sequence[Sequence[int]], *, padding_side: Literal["left", "right"]
    ) -> tuple[Int[Tensor, "batch tokens"], Bool[Tensor, "batch tokens"]]:
        """Return (ids, mask) of token lists, padded to the longest (at least one token)."""
        width = max(1, *(len(row) for row in rows))
        ids = torch.full((len(rows), width), int(self.tokenizer.pad_token_id or 0))
        mask = torch.zeros(len(rows), width, dtype=torch.bool)
        for index, row in enumerate(rows):
            place = slice(width - len(row), width) if padding_side == "left" else slice(len(row))
            ids[index, place] = torch.tensor(list(row), dtype=ids.dtype)
            mask[index, place] = True
        return ids.to(self.device), mask.to(self.device)

    def embed(self, ids: Int[Tensor, "*batch tokens"]) -> Float[Tensor, "*batch tokens hidden"]:
        """Return the input embeddings of token ids."""
        return self.model.get_input_embeddings()(ids)

    def hidden_states(
        self,
        ids: Int[Tensor, "batch tokens"],
        mask: Bool[Tensor, "batch tokens"],
        layers: Sequence[int],
    ) -> tuple[Float[Tensor, "batch tokens hidden"], ...]:
        """Return the hidden states after each of `layers`, without running any later layer.

        Layer 0 are the input embeddings; the last layer's states are those after the final norm.
        """
        if not layers or not all(0 <= layer <= self.num_layers for layer in layers):
            raise ConfigError(f"`layers` must lie in 0..{self.num_layers}, but are {layers}.")
        deepest, embeddings = max(layers), self.embed(ids)
        if deepest == 0:
            return (embeddings,) * len(layers)
        with torch.no_grad(), self._recorded(layers) as recorded:
            output = self._first_layers(deepest)(
                inputs_embeds=embeddings,
                attention_mask=mask.long(),
                position_ids=positions(mask),
                use_cache=False,
                output_hidden_states=self._blocks is None,
            )
        # Some families scale their embeddings first, so layer 0 is taken before the model.
        known = dict(enumerate(output.hidden_states or ())) | recorded | {0: embeddings}
        if deepest == self.num_layers:
            known[deepest] = output.last_hidden_state
        return tuple(known[layer] for layer in layers)

    @contextmanager
    def _recorded(self, layers: Sequence[int]) -> Iterator[dict[int, Tensor]]:
        """Record what some layers give to this thread while the body runs."""
        found: dict[int, Tensor] = {}
        thread = threading.get_ident()

        def recorder(layer: int) -> Callable[..., None]:
            def record(module: nn.Module, given: object, output: Any) -> None:
                if threading.get_ident() == thread:
                    found[layer] = output[0] if isinstance(output, tuple) else output

            return record

        blocks = self._blocks or ()
        inner = [layer for layer in layers if 0 < layer <= len(blocks)]
        handles = [blocks[n - 1].register_forward_hook(recorder(n)) for n in inner]
        try:
            yield found
        finally:
            for handle in handles:
                handle.remove()

    @property
    def _blocks(self) -> Any:
        """Return the list of decoder layers, None where a family calls it otherwise."""
        blocks = getattr(self.model.base_model, "layers", None)
        return blocks if isinstance(blocks, nn.ModuleList) else None

    @property
    def _can_truncate(self) -> bool:
        base = self.model.base_model
        return self._blocks is not None and hasattr(base, "norm")

    def _first_layers(self, layer: int) -> nn.Module:
        base: Any = self.model.base_model
        if layer == self.num_layers or not self._can_truncate:
            return base
        if layer not in self._truncated:
            # A shallow copy shares every weight; only its list of layers and its norm differ.
            short = copy.copy(base)
            short._modules = dict(base._modules)
            short._modules["layers"] = nn.ModuleList(list(base.layers)[:layer])
            short._modules["norm"] = nn.Identity()
            self._truncated[layer] = short
        return self._truncated[layer]

    def logits_at(
        self,
        embeddings: Float[Tensor, "batch tokens hidden"],
        mask: Bool[Tensor, "batch all_tokens"],
        wanted: Bool[Tensor, "batch tokens"],
        past: Any = None,
    ) -> Float[Tensor, "wanted vocabulary"]:
        """Return float32 logits at the wanted positions, in row-major order.

        mask: also counts the tokens held in `past`, so it may be longer than the embeddings.
        """
        output = self.model.base_model(
            inputs_embeds=embeddings,
            attention_mask=mask.long(),
            position_ids=positions(mask)[:, -embeddings.shape[1] :],
            past_key_values=past,
            use_cache=past is not None,
        )
        # Selecting first keeps the product two-dimensional; a batched one would copy the table.
        states = output.last_hidden_state[wanted]
        logits = self.model.get_output_embeddings()(states).float()
        softcap = getattr(self.text_config, "final_logit_softcapping", None)
        return logits if not softcap else torch.tanh(logits / softcap) * softcap

    @torch.no_grad()
    def generate(
        self,
        embeddings: Float[Tensor, "batch tokens hidden"],
        mask: Bool[Tensor, "batch tokens"],
        *,
        max_new_tokens: int = 64,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        streamer: Any = None,
        use_cache: bool = True,
    ) -> Int[Tensor, "batch new_tokens"]:
        """Return new tokens only, from left-padded embeddings; greedy at temperature 0."""
        options: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None}
        if temperature > 0:
            options = {"do_sample": True, "temperature": temperature, "top_p": top_p}
        with torch.random.fork_rng(enabled=temperature > 0):
            if temperature > 0:
                torch.manual_seed(seed)
            output: Tensor = self.model.generate(
                inputs_embeds=embeddings,
                attention_mask=mask.long(),
                max_new_tokens=max_new_tokens,
                pad_token_id=self.tokenizer.pad_token_id,
                top_k=None,
                streamer=streamer,
                use_cache=use_cache,
                **options,
            )
        return output

    def pieces(self, tokens: Sequence[int]) -> list[str]:
        """Return the text of each token by itself."""
        return [str(self.tokenizer.decode([token])) for token in tokens]

    def decode(self, tokens: Int[Tensor, "batch new_tokens"]) -> list[str]:
        """Return the text of generated tokens, without special tokens and outer blanks."""
        texts = self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [text.strip() for text in texts]


def positions(mask: Bool[Tensor, "batch tokens"]) -> Int[Tensor, "batch tokens"]:
    """Count positions from the first real token of each row; padding gets 0."""
    return (mask.long().cumsum(dim=1) - 1).clamp(min=0)


def fast_dtype(device: str) -> torch.dtype:
    """Return bfloat16, or float32 on a CPU without bfloat16 arithmetic, where it is far faster."""
    if not device.startswith("cpu"):
        return torch.bfloat16
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32


def check_device(device: str) -> None:
    """Raise BackboneError unless torch can compute on `device`."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise BackboneError(
            f"Device '{device}' cannot be used here. Give `cpu`, or install a torch build for it."
        ) from error


def split_batches(count: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover range(count)."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _source(name: str) -> str | Path:
    if name == EMBEDDED:
        from lpm.embedded import embedded_backbone_path

        return embedded_backbone_path()
    return name


def _quantization(kind: Quantization) -> Any:
    from importlib.util import find_spec

    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise MissingExtraError(
            f"`quantize={kind!r}` needs bitsandbytes: pip install 'latent-personal-memory[quant]'."
        )
    return BitsAndBytesConfig(load_in_4bit=kind == "4bit", load_in_8bit=kind == "8bit")
