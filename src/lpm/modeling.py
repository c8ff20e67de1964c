"""The Hugging Face-shaped layer: `LPMConfig` and `LPMModel`, the shared weights around a backbone.

Only projector and writer are saved; the frozen backbone stays out of the state dict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import GELU
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from lpm.backbone import Backbone, positions
from lpm.errors import ConfigError, IncompatibleMemoryError
from lpm.nn.initialisers import tie_to_embeddings
from lpm.nn.injection import Placement
from lpm.nn.past import Past
from lpm.nn.pooling import Pooling, centred
from lpm.nn.projector import MLPKind, Projector, ProjectorConfig
from lpm.nn.query_encoder import QUERY_KINDS, QueryKind, encode_queries, query_width
from lpm.nn.vocabulary import VocabularyMLP
from lpm.nn.writer import Writer, WriterConfig

EMBEDDED_LAYERS = 30
DEFAULT_LAYERS = (8, 16, 24)
"""Of the embedded backbone's 30; the same depths in others."""


class LPMConfig(PretrainedConfig):
    """Everything that a projector and its writer depend on.

    backbone: fingerprint of the frozen LLM. hidden_size: its width. num_slots: slots a memory
    keeps. tokens_per_slot: tokens whose codes a slot holds, and heads that read them, a row each.
    rows_before, rows_after: constant rows around those. head_dim, mlp, mlp_dim: see
    `ProjectorConfig`. code_dim, key_dim, coder_dim, keyer_dim, scorer_dim: widths in the writer.
    query_kind: e(x). layers: whose hidden states keys are made of, and e(x) of kind "early-exit".
    token_layers: by whose the tokens worth keeping are chosen, `layers` by default.
    query_dim: width of a hidden layer that e(x) ends with; 0 leaves it out. markers: tokens that
    tell the roles of others in a slot: "formerly" and "because"; without any there is one role.
    sink: whether a question may attend to nothing, see `ProjectorConfig`.
    subject_dim: width of what a chunk is a statement about, see `lpm.nn.subject`; 0 leaves it out.
    supersede_above: likeness of two statements' subjects from which on the later one takes the
    place of the earlier one; None: none does. past: whether a message can ask for what held before,
    see `lpm.nn.past`.
    placement: where rows go, see `lpm.nn.injection`. trained: whether the writer was trained, so
    that its memories can be used without a gradient step.
    """

    model_type = "lpm"

    def __init__(
        self,
        *,
        backbone: str = "",
        hidden_size: int = 576,
        num_slots: int = 32,
        tokens_per_slot: int = 14,
        rows_before: int = 4,
        rows_after: int = 6,
        head_dim: int = 56,
        mlp: MLPKind = "dense",
        mlp_dim: int = 384,
        code_dim: int = 28,
        key_dim: int = 56,
        coder_dim: int = 512,
        keyer_dim: int = 384,
        scorer_dim: int = 128,
        query_kind: QueryKind = "early-exit",
        layers: Sequence[int] = DEFAULT_LAYERS,
        token_layers: Sequence[int] = (),
        query_dim: int = 0,
        markers: Sequence[int] = (),
        sink: bool = False,
        subject_dim: int = 0,
        supersede_above: float | None = None,
        past: bool = False,
        placement: Placement = "message",
        trained: bool = False,
        **kwargs: Any,
    ) -> None:
        self.backbone = backbone
        self.hidden_size = hidden_size
        self.num_slots = num_slots
        self.tokens_per_slot = tokens_per_slot
        self.rows_before = rows_before
        self.rows_after = rows_after
        self.head_dim = head_dim
        self.mlp = mlp
        self.mlp_dim = mlp_dim
        self.code_dim = code_dim
        self.key_dim = key_dim
        self.coder_dim = coder_dim
        self.keyer_dim = keyer_dim
        self.scorer_dim = scorer_dim
        self.query_kind = query_kind
        self.layers = list(layers)
        self.token_layers = list(token_layers)
        self.query_dim = query_dim
        self.markers = list(markers)
        self.sink = sink
        self.subject_dim = subject_dim
        self.supersede_above = supersede_above
        self.past = past
        self.placement = placement
        self.trained = trained
        if query_kind not in QUERY_KINDS:
            raise ConfigError(f"`query_kind` must be one of {QUERY_KINDS}, but is {query_kind!r}.")
        super().__init__(**kwargs)

    @property
    def writer(self) -> WriterConfig:
        """Return the writer's sizes."""
        return WriterConfig(
            self.hidden_size,
            len(self.seen_layers),
            self.tokens_per_slot,
            self.code_dim,
            self.key_dim,
            self.coder_dim,
            self.keyer_dim,
            self.scorer_dim,
            1 + len(self.markers),
            self._places(self.layers),
            self._places(self.token_layers or self.layers),
            self.subject_dim,
        )

    @property
    def seen_layers(self) -> list[int]:
        """Return the layers whose hidden states the writer sees."""
        return sorted({*self.layers, *self.token_layers})

    def _places(self, layers: Sequence[int]) -> tuple[int, ...]:
        return tuple(self.seen_layers.index(layer) for layer in layers)

    @property
    def feature_dim(self) -> int:
        """Return the width of the hidden states that e(x) is made of."""
        return self.hidden_size * query_width(self.query_kind, self.layers)

    @property
    def projector(self) -> ProjectorConfig:
        """Return the projector's sizes: one attention for all heads, a slice of a slot for each."""
        return ProjectorConfig(
            self.hidden_size,
            self.query_dim or self.feature_dim,
            self.writer.slot_dim,
            self.tokens_per_slot,
            self.head_dim,
            self.mlp_dim,
            self.mlp,
            attention_groups=1,
            value_dim=self.writer.slot_dim - self.key_dim,
            sliced=True,
            rows_before=self.rows_before,
            rows_after=self.rows_after,
            sink=self.sink,
            past=self.past,
        )

    @property
    def num_soft_tokens(self) -> int:
        """Return how many rows a memory is read into."""
        return self.rows_before + self.tokens_per_slot + self.rows_after


class LPMModel(PreTrainedModel):
    """Projector and writer, attached to a frozen backbone.

    `forward(input_ids, slots, labels)` prepends the rows that the slots give for the first user
    text and returns the loss: it works in a plain PyTorch loop and in `transformers.Trainer`.
    """

    config_class = LPMConfig
    base_model_prefix = "lpm"
    main_input_name = "input_ids"
    config: LPMConfig

    def __init__(self, config: LPMConfig, backbone: Backbone | None = None) -> None:
        super().__init__(config)
        scale = backbone.embedding_rms if backbone else 1.0
        self.projector = Projector(config.projector, row_scale=scale)
        self.writer = Writer(config.writer)
        # What all questions have in common says nothing about any; measured before training.
        read = query_width(config.query_kind, config.layers)
        self.register_buffer("query_centre", torch.zeros(read, config.hidden_size))
        self.query_pooling = Pooling(config.feature_dim)
        self.query = (
            torch.nn.Sequential(torch.nn.Linear(config.feature_dim, config.query_dim), GELU())
            if config.query_dim
            else torch.nn.Identity()
        )
        self.past = Past(config.feature_dim) if config.past else None
        self._backbone: list[Backbone] = []
        self.post_init()  # type: ignore[no-untyped-call]
        if backbone is not None:
            self.attach(backbone)

    def _init_weights(self, module: torch.nn.Module) -> None:
        """Leave every weight as its module made it."""

    def attach(self, backbone: Backbone) -> LPMModel:
        """Use `backbone` from now on; IncompatibleMemoryError unless it is the one named."""
        named = self.config.backbone
        if named and named != backbone.fingerprint:
            raise IncompatibleMemoryError(
                f"This projector was trained for backbone '{named}', but '{backbone.fingerprint}' "
                f"('{backbone.name}') is loaded. Load that backbone, or train a projector with "
                "`lpm train`."
            )
        if self.config.hidden_size != backbone.hidden_size:
            raise ConfigError(
                f"`hidden_size` is {self.config.hidden_size}, but backbone '{backbone.name}' is "
                f"{backbone.hidden_size} wide. Set `hidden_size` to the backbone's."
            )
        self.config.backbone = backbone.fingerprint
        if isinstance(self.projector.mlp, VocabularyMLP):
            self.projector.mlp.attach(backbone.model.get_input_embeddings().weight)
        if self.config.markers:
            marked = backbone.embed(torch.tensor(self.config.markers, device=backbone.device))
            self.writer.markers = marked.detach().float().cpu()
        # In a list, so that the frozen weights are no submodule and are never saved or trained.
        self._backbone = [backbone]
        return self

    @property
    def backbone(self) -> Backbone:
        """Return the attached backbone."""
        if not self._backbone:
            raise ConfigError("No backbone is attached; call `attach(Backbone.load(…))` first.")
        return self._backbone[0]

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that name the projector, the writer and how e(x) is computed."""
        config = self.config
        kinds = (config.query_kind, config.layers, config.placement, config.markers)
        reading = (config.backbone, *kinds, *config.token_layers)
        digest = hashlib.sha256(repr(reading).encode())
        for name, weight in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(weight.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    @torch.no_grad()
    def queries(self, messages: Sequence[str]) -> Float[Tensor, "batch query_dim"]:
        """Return e(x) of each message, without a gradient: its learning goes by `asked`."""
        config = self.config
        states, mask = encode_queries(self.backbone, messages, config.query_kind, config.layers)
        device = self.projector.w_q.device
        return self.query_of(states.to(device), mask.to(device))

    def query_of(
        self,
        states: Float[Tensor, "batch tokens layers hidden"],
        mask: Bool[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch query_dim"]:
        """Return e(x) from a message's hidden states, as `projector` takes it.

        Behind it stands whether the message asks for what held before, where the model can tell.
        """
        query: Tensor = self.query(self.asked(states, mask))
        return query if self.past is None else torch.cat([query, self.past(states, mask)], dim=-1)

    def asked(
        self,
        states: Float[Tensor, "batch tokens layers hidden"],
        mask: Bool[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch feature_dim"]:
        """Return what each message asks for, of which the hidden layer then makes e(x)."""
        return centred(self.query_pooling(states, mask), self.get_buffer("query_centre"))

    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        slots: Float[Tensor, "batch groups slots slot_dim"],
        query: Float[Tensor, "batch query_dim"],
        attention_mask: Bool[Tensor, "batch tokens"] | Int[Tensor, "batch tokens"] | None = None,
        labels: Int[Tensor, "batch tokens"] | None = None,
        slot_mask: Bool[Tensor, "batch slots"] | None = None,
    ) -> CausalLMOutput:
        """Return loss and logits of [rows; input]; labels of -100 are not scored.

        Logits cover the input's positions only, so they line up with `input_ids` and `labels`.
        """
        backbone = self.backbone
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        rows, _ = self.projector(slots, query, slot_mask)
        embeddings = torch.cat([rows.to(backbone.dtype), backbone.embed(input_ids)], dim=1)
        full = torch.cat([mask.new_ones(len(mask), rows.shape[1]), mask], dim=1).bool()
        output = backbone.model(
            inputs_embeds=embeddings,
            attention_mask=full.long(),
            position_ids=positions(full),
            use_cache=False,
        )
        logits = output.logits[:, rows.shape[1] :].float()
        loss = None
        if labels is not None:
            # The last row predicts the first input token; inside the input the usual shift holds.
            loss = torch.nn.functional.cross_entropy(
                logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100
            )
        return CausalLMOutput(loss=loss, logits=logits)


SHIPPED = Path(__file__).parent / "weights"


def load_shared(source: str | Path | None, backbone: Backbone, *, seed: int = 0) -> LPMModel:
    """Load shared weights from a folder, the shipped ones, or fresh ones for another backbone.

    source None: the weights shipped for this backbone's fingerprint where there are any, else an
    untrained projector (prompt tuning written as LPM), which fits but does not write in one pass.
    """
    if source is not None:
        folder = Path(source)
        if not (folder / "config.json").is_file():
            raise ConfigError(f"'{folder}' holds no projector (no config.json). Run `lpm train`.")
        return _load(folder, backbone)
    if (SHIPPED / backbone.fingerprint / "config.json").is_file():
        return _load(SHIPPED / backbone.fingerprint, backbone)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LPMModel(untrained_config(backbone), backbone)
        model.train(False)
        table = backbone.model.get_input_embeddings().weight
        tie_to_embeddings(model.writer, model.projector, table.detach().cpu())
        return model


def untrained_config(backbone: Backbone, **options: Any) -> LPMConfig:
    """Return the default sizes for a backbone: the embedded one's layers at the same depths.

    The MLP is dense and zero at first: untrained codes point at no token yet.
    """
    layers = same_depths(DEFAULT_LAYERS, backbone.num_layers)
    return LPMConfig(hidden_size=backbone.hidden_size, layers=layers, **options)


def same_depths(layers: Sequence[int], num_layers: int) -> list[int]:
    """Return the layers of a backbone that lie as deep as `layers` do in the embedded one."""
    return sorted({round(num_layers * layer / EMBEDDED_LAYERS) for layer in layers})


def _load(folder: Path, backbone: Backbone) -> LPMModel:
    model = LPMModel.from_pretrained(folder, dtype=torch.float32)
    model.train(False)
    return model.attach(backbone)
