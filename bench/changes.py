"""Measure what becomes of facts that change without a word about the old value.

    python bench/changes.py --users 10

Users of the test world tell other values of some of their facts in later sessions, plainly or as
news, and add to some lists. Every user is written twice, with contradictions resolved to the latest
and without. Writes results/lifecycle/changes.json. The same with another projector: --model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from written import TEST_SEED, right, write

from lpm.backbone import Backbone
from lpm.benchmarks.averages import clustered_mean
from lpm.benchmarks.results import environment
from lpm.benchmarks.synthetic.changing import ChangedUser, changed_user
from lpm.chunking import chunk_history
from lpm.modeling import LPMModel, load_shared
from lpm.remembering import session_times
from lpm.superseding import superseded, told_in_order
from lpm.types import History
from lpm.writing import write_slots

FOLDER = Path(__file__).resolve().parent.parent / "results" / "lifecycle"
TUNE_SEED = 30_000_000
SEEDS = {"report": TEST_SEED, "tune": TUNE_SEED}
Place = tuple[str, int]


def superseding(model: LPMModel, history: History) -> set[tuple[Place, Place]]:
    """Return which turn took the place of which: (older, newer)."""
    written = write_slots(model, chunk_history(history), model.config.num_slots).as_written()
    order = told_in_order(written, session_times((), history))
    places = [(source.session_id, source.turn) for (source,) in written.provenance]
    heirs = superseded(model, written, order)
    return {(places[older], places[newer]) for older, newer in heirs.items()}


def counted(model: LPMModel, users: Iterable[ChangedUser]) -> dict[str, int]:
    """Return how many slots were superseded rightly and wrongly, and what was missed."""
    found = {"right": 0, "wrong": 0, "changes": 0, "changes_found": 0}
    found |= {"additions": 0, "additions_lost": 0}
    for made in users:
        pairs = superseding(model, made.user.history)
        found["right"] += sum(made.one_of_two(*pair) for pair in pairs)
        found["wrong"] += sum(not made.one_of_two(*pair) for pair in pairs)
        found["changes"] += len(made.changes)
        found["changes_found"] += len(pairs & set(made.changes))
        found["additions"] += len(made.additions)
        found["additions_lost"] += len(pairs & set(made.additions))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=10)
    parser.add_argument("--split", choices=sorted(SEEDS), default="report")
    parser.add_argument("--model", type=Path, help="a folder; the shipped weights by default")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = load_shared(options.model, Backbone.load())
    above = model.config.supersede_above
    if above is None:
        raise SystemExit("This writer resolves nothing; run recipes/…/calibrate.py on it first.")
    scores: dict[str, dict[str, list[float]]] = {}
    users = [changed_user(SEEDS[options.split] + n, "test") for n in range(options.users)]
    for made in users:
        for how, threshold in (("resolved", above), ("side by side", None)):
            model.config.supersede_above = threshold
            memory = write(model, made.user.history)
            for kind, questions in (
                ("present", made.present),
                ("former", made.former),
                ("listed", made.listed),
                ("others", made.user.questions),
            ):
                of_kind = scores.setdefault(f"{kind}, {how}", {})
                of_kind[made.user.user_id] = right(model, memory.slots, questions)
    model.config.supersede_above = above
    content: dict[str, Any] = {
        "kind": "changes",
        "backbone": "SmolLM2-135M-Instruct",
        "split": options.split,
        "users": options.users,
        "supersede_above": above,
        "accuracy": {name: _mean(found) for name, found in scores.items()},
        "superseded": counted(model, users),
        "environment": environment(),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    (options.out / "changes.json").write_text(text, encoding="utf-8")
    print(text)


def _mean(scores: dict[str, list[float]]) -> dict[str, float]:
    value, error = clustered_mean(scores)
    return {"mean": value, "stderr": error, "n": sum(map(len, scores.values()))}


if __name__ == "__main__":
    main()
