"""The projector: slots and a query in, soft-prompt rows out (arXiv 2606.20911, method equations).

P~_h = softmax(W_Qh e(x) · (W_Kh M_uh)^T / sqrt(d)) · W_Vh M_uh
P_h  = LayerNorm_h(P~_h + MLP(P~_h))
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from lpm.errors import ConfigError


@dataclass(frozen=True)
class ProjectorConfig:
    """Sizes of a projector.

    hidden_size: width of the backbone's embeddings. query_dim: width of e(x).
    slot_dim: width of a slot. num_soft_tokens: rows it makes, one a head (H).
    head_dim: width of queries and keys (d). mlp_dim: hidden width of the MLP.
    slot_groups: 1 when all heads read the same slots (M_uh = M_u), H when each has its own.
    value_dim: leading slot columns that W_V reads, all by default. The columns behind them are
    keys alone: W_V is zero there, so where to look and what to say can be learnt apart.
    """

    hidden_size: int
    query_dim: int
    slot_dim: int = 448
    num_soft_tokens: int = 12
    head_dim: int = 32
    mlp_dim: int = 384
    slot_groups: int = 1
    value_dim: int | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ConfigError(f"`{name}` must be a positive integer, but is {value!r}.")
        if self.value_width > self.slot_dim:
            raise ConfigError(
                f"`value_dim` is {self.value_dim}, but a slot is only {self.slot_dim} wide."
            )
        if self.slot_groups not in (1, self.num_soft_tokens):
            raise ConfigError(
                f"`slot_groups` must be 1 or `num_soft_tokens` ({self.num_soft_tokens}), "
                f"but is {self.slot_groups}."
            )

    @property
    def value_width(self) -> int:
        """Return how many leading columns of a slot the values read."""
        return self.slot_dim if self.value_dim is None else self.value_dim


class Projector(nn.Module):
    """Read a memory, conditioned on a query, into rows of the backbone's embedding space."""

    def __init__(self, config: ProjectorConfig, *, row_scale: float = 1.0) -> None:
        """Make a projector with random weights.

        row_scale: RMS of the backbone's embedding table; rows at another scale do not train.
        """
        super().__init__()
        self.config = config
        heads, hidden, slot = config.num_soft_tokens, config.hidden_size, config.slot_dim
        self.w_q = nn.Parameter(torch.randn(heads, config.head_dim, config.query_dim))
        self.w_k = nn.Parameter(torch.randn(heads, config.head_dim, slot))
        self.w_v = nn.Parameter(torch.randn(heads, hidden, config.value_width) * slot**-0.5)
        with torch.no_grad():
            self.w_q.mul_(config.query_dim**-0.5)
            self.w_k.mul_(slot**-0.5)
        last = nn.Linear(config.mlp_dim, hidden)
        # A zero output layer makes the projector linear at the start: it contains prompt tuning.
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mlp = nn.Sequential(nn.Linear(hidden, config.mlp_dim), nn.GELU(), last)
        self.gain = nn.Parameter(torch.full((heads, hidden), row_scale))
        self.bias = nn.Parameter(torch.zeros(heads, hidden))

    def attend(
        self,
        slots: Float[Tensor, "batch groups slots slot_dim"],
        query: Float[Tensor, "batch query_dim"],
        mask: Bool[Tensor, "batch slots"] | None = None,
    ) -> Float[Tensor, "batch heads slots"]:
        """Return the attention of every head over the slots; masked slots get exactly zero."""
        keyed = torch.einsum("bq,hkq,hkd->bhd", query, self.w_q, self.w_k)
        scores = _with_slots(keyed, self._checked(slots).mT)
        scores = scores * self.config.head_dim**-0.5
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, :], float("-inf"))
        return scores.softmax(dim=-1)

    def forward(
        self,
        slots: Float[Tensor, "batch groups slots slot_dim"],
        query: Float[Tensor, "batch query_dim"],
        mask: Bool[Tensor, "batch slots"] | None = None,
    ) -> tuple[Float[Tensor, "batch heads hidden"], Float[Tensor, "batch heads slots"]]:
        """Return (rows, attention); each memory of the batch needs at least one unmasked slot."""
        attention = self.attend(slots, query, mask)
        return self.rows(slots, attention), attention

    def rows(
        self,
        slots: Float[Tensor, "batch groups slots slot_dim"],
        attention: Float[Tensor, "batch heads slots"],
    ) -> Float[Tensor, "batch heads hidden"]:
        """Return the rows that a given attention reads."""
        # Averaging slots before W_V equals the equation (both are linear) and is cheaper.
        read = _with_slots(attention, self._checked(slots)[..., : self.config.value_width])
        value = torch.einsum("bhd,hed->bhe", read, self.w_v)
        mixed = value + self.mlp(value)
        return functional.layer_norm(mixed, (mixed.shape[-1],)) * self.gain + self.bias

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


def _with_slots(left: Tensor, slots: Tensor) -> Tensor:
    """Multiply (batch, heads, x) by each head's slots, (batch, groups, x, y), without copies."""
    if slots.shape[1] == 1:
        return left @ slots[:, 0]
    return (left[:, :, None, :] @ slots)[:, :, 0]
