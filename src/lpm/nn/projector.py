"""The projector: slots and a query in, soft-prompt rows out (arXiv 2606.20911, method equations).

P~_h = softmax(W_Qh e(x) · (W_Kh M_uh)^T / sqrt(d)) · W_Vh M_uh
P_h  = LayerNorm_h(P~_h + MLP(P~_h))
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from lpm.errors import ConfigError
from lpm.nn.vocabulary import VocabularyMLP

MLPKind = Literal["dense", "vocabulary"]
MLP_KINDS: tuple[MLPKind, ...] = ("dense", "vocabulary")


@dataclass(frozen=True)
class ProjectorConfig:
    """Sizes of a projector.

    hidden_size: width of the backbone's embeddings. query_dim: width of e(x).
    slot_dim: width of a slot. num_heads: heads that read slots (H), a row each.
    head_dim: width of queries and keys (d). mlp: "dense" with a hidden layer of mlp_dim, or
    "vocabulary", see `lpm.nn.vocabulary`.
    slot_groups: 1 when all heads read the same slots (M_uh = M_u), H when each has its own.
    attention_groups: how many different (W_Q, W_K) the heads have; H by default, as in the paper.
    Neighbouring heads share one, so with 1 all rows are read from the same place.
    value_dim: leading slot columns that W_V reads; the others are for W_K alone, so that where to
    look and what to say can be learnt apart. By default both read all columns.
    sliced: cut the value columns into H slices of equal width, one a head: M_uh is then slice h and
    the key. rows_before, rows_after: constant rows around those of the heads. They are heads whose
    W_V is zero, of which only the LayerNorm's bias is left.
    sink: every memory is read as if it had one more slot, the same for all users, whose value is
    zero. Its key is learnt, and what attends to it was never told.
    past: queries and keys have one more dimension, see `lpm.nn.past`: the last number of a query
    times the mean of a slot's key columns is added to its score.
    """

    hidden_size: int
    query_dim: int
    slot_dim: int = 448
    num_heads: int = 12
    head_dim: int = 32
    mlp_dim: int = 384
    mlp: MLPKind = "dense"
    slot_groups: int = 1
    attention_groups: int | None = None
    value_dim: int | None = None
    sliced: bool = False
    rows_before: int = 0
    rows_after: int = 0
    sink: bool = False
    past: bool = False

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = 0 if name.startswith("rows_") else 1
            counted = value is not None and not isinstance(value, bool) and name != "mlp"
            if counted and (not isinstance(value, int) or value < least):
                raise ConfigError(f"`{name}` must be an integer >= {least}, but is {value!r}.")
        if self.mlp not in MLP_KINDS:
            raise ConfigError(f"`mlp` must be one of {MLP_KINDS}, but is {self.mlp!r}.")
        self._check_columns()
        self._check_groups()

    def _check_columns(self) -> None:
        if self.value_dim is not None and self.value_dim >= self.slot_dim:
            raise ConfigError(
                f"`value_dim` must leave columns for keys, but is {self.value_dim} of "
                f"`slot_dim` {self.slot_dim}."
            )
        if self.sliced and self.value_width % self.num_heads:
            raise ConfigError(
                f"{self.value_width} value columns cannot be cut into `num_heads` "
                f"({self.num_heads}) slices of equal width."
            )

    def _check_groups(self) -> None:
        if self.slot_groups not in (1, self.num_heads):
            raise ConfigError(
                f"`slot_groups` must be 1 or `num_heads` ({self.num_heads}), "
                f"but is {self.slot_groups}."
            )
        if self.num_heads % self.attention_width:
            raise ConfigError(
                f"`attention_groups` must divide `num_heads` ({self.num_heads}), "
                f"but is {self.attention_groups}."
            )
        if self.slot_groups > 1 and (self.attention_width != self.num_heads or self.sliced):
            raise ConfigError(
                "With `slot_groups` each head has slots of its own, so it needs an attention of "
                "its own and no slices; leave `attention_groups` and `sliced` out."
            )

    @property
    def num_soft_tokens(self) -> int:
        """Return how many rows the projector makes."""
        return self.rows_before + self.num_heads + self.rows_after

    @property
    def attention_width(self) -> int:
        """Return how many different attention patterns the heads have."""
        return self.num_heads if self.attention_groups is None else self.attention_groups

    @property
    def value_width(self) -> int:
        """Return how many leading columns of a slot hold values."""
        return self.slot_dim if self.value_dim is None else self.value_dim

    @property
    def key_start(self) -> int:
        """Return the first column that W_K reads."""
        return 0 if self.value_dim is None else self.value_dim

    @property
    def head_width(self) -> int:
        """Return how many value columns a head reads."""
        return self.value_width // self.num_heads if self.sliced else self.value_width


class Projector(nn.Module):
    """Read a memory, conditioned on a query, into rows of the backbone's embedding space."""

    def __init__(self, config: ProjectorConfig, *, row_scale: float = 1.0) -> None:
        """Make a projector with random weights.

        row_scale: RMS of the backbone's embedding table; rows at another scale do not train.
        """
        super().__init__()
        self.config = config
        heads, hidden = config.num_heads, config.hidden_size
        patterns, keys = config.attention_width, config.slot_dim - config.key_start
        self.w_q = nn.Parameter(torch.randn(patterns, config.head_dim, config.query_dim))
        self.w_k = nn.Parameter(torch.randn(patterns, config.head_dim, keys))
        self.w_v = nn.Parameter(
            torch.randn(heads, hidden, config.head_width) * config.head_width**-0.5
        )
        self.sink = (
            nn.Parameter(torch.zeros(patterns, config.head_dim + 1)) if config.sink else None
        )
        with torch.no_grad():
            self.w_q.mul_(config.query_dim**-0.5)
            self.w_k.mul_(keys**-0.5)
        self.mlp = _dense(config) if config.mlp == "dense" else VocabularyMLP()
        self.gain = nn.Parameter(torch.full((heads, hidden), row_scale))
        self.bias = nn.Parameter(torch.zeros(heads, hidden))
        self.before = nn.Parameter(torch.randn(config.rows_before, hidden) * row_scale)
        self.after = nn.Parameter(torch.randn(config.rows_after, hidden) * row_scale)

    def attend(
        self,
        slots: Float[Tensor, "batch groups slots slot_dim"],
        query: Float[Tensor, "batch query_dim"],
        mask: Bool[Tensor, "batch slots"] | None = None,
    ) -> Float[Tensor, "batch heads slots"]:
        """Return the attention of every head over the slots; masked slots get exactly zero.

        With a sink it adds up to less than one: the rest lies on what was never told.
        """
        keys = self._checked(slots)[..., self.config.key_start :]
        about, former = query, keys.new_zeros(())
        if self.config.past:
            marks = keys.mean(dim=-1)
            about, former = query[:, :-1], query[:, -1, None, None] * marks
            keys = keys - marks[..., None]
        keyed = torch.einsum("bq,hkq,hkd->bhd", about, self.w_q, self.w_k)
        scores = _with_slots(keyed, keys.mT) * self.config.head_dim**-0.5 + former
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, :], float("-inf"))
        if self.sink is not None:
            scores = torch.cat([scores, self.sink_scores(about)[..., None]], dim=-1)
        attention = scores.softmax(dim=-1)[..., : slots.shape[2]]
        shared = self.config.num_heads // self.config.attention_width
        return attention.repeat_interleave(shared, dim=1)

    def sink_scores(
        self, query: Float[Tensor, "batch query_dim"]
    ) -> Float[Tensor, "batch patterns"]:
        """Return the score of the sink, by which a question says that it was never told.

        The last number of the sink's key meets a constant one in every query. Raises ConfigError
        without a sink.
        """
        if self.sink is None:
            raise ConfigError("This projector has no sink; set `sink` in its config.")
        asked = torch.einsum("bq,hkq,hk->bh", query, self.w_q, self.sink[:, :-1])
        return (asked + self.sink[:, -1]) * self.config.head_dim**-0.5

    def forward(
        self,
        slots: Float[Tensor, "batch groups slots slot_dim"],
        query: Float[Tensor, "batch query_dim"],
        mask: Bool[Tensor, "batch slots"] | None = None,
    ) -> tuple[Float[Tensor, "batch soft_tokens hidden"], Float[Tensor, "batch heads slots"]]:
        """Return (rows, attention); each memory of the batch needs at least one unmasked slot."""
        attention = self.attend(slots, query, mask)
        return self.rows(slots, attention), attention

    def rows(
        self,
        slots: Float[Tensor, "batch groups slots slot_dim"],
        attention: Float[Tensor, "batch heads slots"],
    ) -> Float[Tensor, "batch soft_tokens hidden"]:
        """Return the rows that a given attention reads."""
        return self.rows_of(self._read(self._checked(slots), attention))

    def rows_of(
        self, read: Float[Tensor, "batch heads width"]
    ) -> Float[Tensor, "batch soft_tokens hidden"]:
        """Return the rows of the value columns that each head has read."""
        value = torch.einsum("bhd,hed->bhe", read, self.w_v)
        return self.framed(value + self.mlp(value))

    def framed(
        self, mixed: Float[Tensor, "batch heads hidden"]
    ) -> Float[Tensor, "batch soft_tokens hidden"]:
        """Return LayerNorm_h of each head's sum, between the constant rows."""
        own = functional.layer_norm(mixed, (mixed.shape[-1],)) * self.gain + self.bias
        before, after = (part.expand(len(own), -1, -1) for part in (self.before, self.after))
        return torch.cat([before, own, after], dim=1)

    def _read(self, slots: Tensor, attention: Tensor) -> Float[Tensor, "batch heads width"]:
        # Averaging slots before W_V equals the equation (both are linear) and is cheaper.
        values = slots[..., : self.config.value_width]
        if not self.config.sliced:
            return _with_slots(attention, values)
        slices = values[:, 0].unflatten(-1, (self.config.num_heads, self.config.head_width))
        return torch.einsum("bhn,bnhw->bhw", attention, slices)

    def _checked(self, slots: Tensor) -> Tensor:
        expected = (self.config.slot_groups, self.config.slot_dim)
        if (slots.shape[1], slots.shape[3]) != expected:
            raise ConfigError(
                f"Slots have (groups, slot_dim) {(slots.shape[1], slots.shape[3])}, but the "
                f"projector expects {expected}. Load the projector that wrote this memory."
            )
        return slots

    def fingerprint(self) -> str:
        """Return 16 hex digits that name these exact weights and sizes."""
        digest = hashlib.sha256(repr(self.config).encode())
        for name, weight in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(weight.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]


def _dense(config: ProjectorConfig) -> nn.Module:
    last = nn.Linear(config.mlp_dim, config.hidden_size)
    # A zero output layer makes the projector linear at the start: it contains prompt tuning.
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(config.hidden_size, config.mlp_dim), nn.GELU(), last)


def _with_slots(left: Tensor, slots: Tensor) -> Tensor:
    """Multiply (batch, heads, x) by each head's slots, (batch, groups, x, y), without copies."""
    if slots.shape[1] == 1:
        return left @ slots[:, 0]
    return (left[:, :, None, :] @ slots)[:, :, 0]
