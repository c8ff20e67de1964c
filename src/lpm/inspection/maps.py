"""A map of the slots of many users, and how well users lie apart on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lpm.errors import InputError, MissingExtraError


@dataclass(frozen=True)
class SlotMap:
    """Slots in the plane, and figures of the slots themselves, not of their picture.

    owner: index of each slot's user. silhouette: mean over slots, from -1 to 1, by cosine.
    nearest_user: share of slots whose nearest other slot (by cosine) is of the same user;
    nearest_by_chance: what random slots would have.
    """

    places: Float[Tensor, "slots 2"]
    owner: Int[Tensor, " slots"]
    silhouette: float
    nearest_user: float
    nearest_by_chance: float


def draw_map(slot_map: SlotMap) -> Any:
    """Return a matplotlib figure of the map, a colour and a number a user.

    Needs the extra `bench` (matplotlib).
    """
    if find_spec("matplotlib") is None:
        raise MissingExtraError(
            "Drawing a map needs matplotlib; run `pip install 'latent-personal-memory[bench]'`."
        )
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    colours = colormaps["tab20"]
    for user in sorted(set(slot_map.owner.tolist())):
        places = slot_map.places[slot_map.owner == user]
        axes.scatter(places[:, 0], places[:, 1], s=14, color=colours(user % 20), label=user + 1)
    axes.legend(title="user", frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    return figure


def map_slots(
    memories: Sequence[Float[Tensor, "groups slots slot_dim"]], *, seed: int = 0
) -> SlotMap:
    """Lay the slots of at least two users out by t-SNE and measure how far users lie apart.

    Needs the extra `bench` (scikit-learn). Raises InputError with fewer users, under four slots, or
    no user of two slots, which alone can lie together.
    """
    try:
        from sklearn.manifold import TSNE
        from sklearn.metrics import silhouette_score
    except ImportError:
        raise MissingExtraError(
            "A map of slots needs scikit-learn; run `pip install 'latent-personal-memory[bench]'`."
        ) from None
    owner = torch.cat([torch.full((m.shape[1],), i) for i, m in enumerate(memories)])
    users = len(owner.unique())
    if users < 2 or len(owner) < 4 or len(owner) == users:
        raise InputError(
            "A map needs four slots of at least two users, one of whom has two or more, but got "
            f"{len(owner)} slots of {users} users; give more memories, or ones of more slots."
        )
    flat = torch.cat([memory.permute(1, 0, 2).flatten(1) for memory in memories]).float()
    layout = TSNE(
        metric="cosine", init="random", perplexity=min(30.0, (len(flat) - 1) / 3), random_state=seed
    )
    places = torch.from_numpy(layout.fit_transform(flat.numpy()))
    unit = torch.nn.functional.normalize(flat, dim=-1)
    likeness = unit @ unit.T
    likeness.fill_diagonal_(float("-inf"))
    same = owner[:, None] == owner[None, :]
    return SlotMap(
        places=places,
        owner=owner,
        silhouette=float(silhouette_score(flat.numpy(), owner.numpy(), metric="cosine")),
        nearest_user=float((owner[likeness.argmax(dim=1)] == owner).float().mean()),
        nearest_by_chance=float((same.sum(dim=1) - 1).float().mean() / (len(flat) - 1)),
    )
