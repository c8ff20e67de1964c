"""Compare choices of e(x): how often does the best chunk answer the question, in unseen words?

    python bench/queries.py --users 60 --steps 250

Hidden states of every layer are computed once; each choice then trains keys and queries on the same
users, steps and rate, and is scored on tuning users of the test world. The key is made of the same
layers as the query, and of the default layers where the query is the last hidden state.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.results import environment
from lpm.benchmarks.synthetic import SyntheticUser, generate_user
from lpm.chunking import chunk_history
from lpm.learning.looking import LookingLoss, LookingUser, hit_rate, measure_centres
from lpm.learning.preparation import looking_user
from lpm.learning.shared import POOLING_RATE
from lpm.learning.stage import Stage, StageConfig, named
from lpm.modeling import LPMConfig, LPMModel
from lpm.nn.query_encoder import QueryKind, encode_queries

LAYERS = (0, 4, 8, 12, 16, 24)
EARLY = (0, 4, 8, 12)
DEFAULT = (8, 16, 24)
TUNE_SEED = 30_000_000
QUESTIONS = 40


@dataclass(frozen=True)
class Choice:
    """One e(x); pooled: the weights of tokens are learnt, else all weigh the same."""

    name: str
    kind: QueryKind
    layers: tuple[int, ...]
    query_dim: int = 384
    pooled: bool = False


CHOICES = (
    Choice("mean embedding", "embedding", (0,)),
    *(Choice(f"early exit, layer {layer}", "early-exit", (layer,)) for layer in (8, 16, 24)),
    Choice("early exit, layers 0, 4, 8, 12", "early-exit", EARLY),
    Choice("the same, weighed tokens", "early-exit", EARLY, pooled=True),
    Choice("early exit, layers 8, 16, 24", "early-exit", DEFAULT),
    Choice("the same, weighed tokens", "early-exit", DEFAULT, pooled=True),
    Choice("the same, linear", "early-exit", DEFAULT, query_dim=0, pooled=True),
    Choice("last hidden state", "last-hidden", DEFAULT, pooled=True),
)


def prepared(
    model: LPMModel, users: Sequence[SyntheticUser], *, practice: bool
) -> list[tuple[LookingUser, LookingUser]]:
    """Return each user at all layers, and with the last hidden states of the questions."""
    found = []
    for user in users:
        chunks = chunk_history(user.history)
        questions = ((*user.practice, *user.questions) if practice else user.questions)[::3]
        questions = questions[:QUESTIONS]
        places = [(chunk.session_id, chunk.turn) for chunk in chunks]
        worth = [[(x.text, 0) for x in user.turn_labels[place]] for place in places]
        evidence = torch.tensor([[place in q.evidence for place in places] for q in questions])
        asked = [q.question for q in questions]
        looking = looking_user(
            model, chunks, worth, asked, evidence, [q.fact_id for q in questions]
        )
        last, mask = encode_queries(model.backbone, asked, "last-hidden", [0])
        found.append((looking, replace(looking, asked=last.cpu(), asked_mask=mask.cpu())))
    return found


def seen(users: Sequence[tuple[LookingUser, LookingUser]], choice: Choice) -> list[LookingUser]:
    """Reduce users to what one choice sees."""
    index = [LAYERS.index(layer) for layer in choice.layers]
    if choice.kind == "last-hidden":
        return [replace(last, states=last.states[:, :, index]) for _, last in users]
    return [
        replace(user, states=user.states[:, :, index], asked=user.asked[:, :, index])
        for user, _ in users
    ]


def score(
    backbone: Backbone,
    choice: Choice,
    train: list[LookingUser],
    held_out: list[LookingUser],
    options: argparse.Namespace,
) -> dict[str, object]:
    """Train one choice and return its hit rates."""
    torch.manual_seed(options.seed)
    config = LPMConfig(
        hidden_size=backbone.hidden_size,
        query_kind=choice.kind,
        layers=choice.layers,
        query_dim=choice.query_dim,
    )
    model = LPMModel(config, backbone)
    measure_centres(model, train)
    parts = named(
        chunk_scorer=model.writer.chunk_scorer,
        token_scorer=model.writer.token_scorer,
        key=model.writer.key,
        query=model.query,
        w_q=model.projector.w_q,
        w_k=model.projector.w_k,
    )
    if choice.pooled:
        parts |= named(pooling=model.writer.pooling, query_pooling=model.query_pooling)
    settings = StageConfig(options.steps, 2e-3, weight_decay=0.05, seed=options.seed)
    rates = {name: POOLING_RATE for name in parts if "pooling" in name}
    stage = Stage(choice.name, parts, settings, options.scratch, rates=rates)
    loss = LookingLoss(model)

    def one(generator: torch.Generator) -> torch.Tensor:
        order = torch.randperm(len(train), generator=generator)[:8].tolist()
        return loss([train[i] for i in order], generator)

    begin = time.perf_counter()
    stage.run(one)
    return {
        "choice": choice.name,
        "kind": choice.kind,
        "weighed_tokens": choice.pooled,
        "layers": list(choice.layers),
        "hit_rate": hit_rate(model, held_out),
        "train_hit_rate": hit_rate(model, train),
        "seconds": round(time.perf_counter() - begin, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--users", type=int, default=60)
    parser.add_argument("--held-out", type=int, default=8)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--scratch", type=Path, default=Path("runs/queries"))
    parser.add_argument("--out", type=Path, default=Path("results/queries/queries.json"))
    options = parser.parse_args()
    backbone = Backbone.load(options.backbone)
    every = LPMModel(LPMConfig(hidden_size=backbone.hidden_size, layers=LAYERS), backbone)
    first = [generate_user(seed, "train") for seed in range(options.users)]
    unmet = [generate_user(TUNE_SEED + n, "test") for n in range(options.held_out)]
    train = prepared(every, first, practice=True)
    held_out = prepared(every, unmet, practice=False)
    runs = []
    for choice in CHOICES:
        runs.append(score(backbone, choice, seen(train, choice), seen(held_out, choice), options))
        print(runs[-1], flush=True)
    record = {
        "what": "share of held-out questions whose most attended slot is evidence",
        "users": options.users,
        "held_out_users": options.held_out,
        "steps": options.steps,
        "seed": options.seed,
        "runs": runs,
        "environment": environment(),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
