"""Measure what inspection claims: faithful explanations, users apart on the map, drift.

    python bench/inspection.py                  # 12 users on the map, 240 explained answers
    python bench/inspection.py --users 2 --questions 5

Writes results/inspection/inspection.json and map.svg. Users are of the test split.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean

from matplotlib import rc_context
from written import TEST_SEED, ask, write

from lpm.backbone import Backbone
from lpm.benchmarks.averages import clustered_mean
from lpm.benchmarks.results import environment
from lpm.benchmarks.synthetic import SyntheticUser, generate_user, is_right
from lpm.inspection import changes, draw_map, faithfulness, map_slots
from lpm.modeling import LPMModel, load_shared
from lpm.types import History

FOLDER = Path(__file__).resolve().parent.parent / "results" / "inspection"


def explained(model: LPMModel, users: list[SyntheticUser], per_user: int) -> dict[str, object]:
    """Remove named and random slots behind every user's first questions."""
    named: dict[str, list[float]] = {}
    random: dict[str, list[float]] = {}
    counts, when_right = [], []
    for user in users:
        slots = write(model, user.history).slots
        questions = user.questions[:: max(1, len(user.questions) // per_user)][:per_user]
        answers = ask(model, slots, [question.question for question in questions])
        for seed, (question, answer) in enumerate(zip(questions, answers, strict=True)):
            if not answer.strip():
                continue
            found = faithfulness(model, slots, question.question, answer, seed=seed)
            named.setdefault(user.user_id, []).append(found.of_named)
            random.setdefault(user.user_id, []).append(found.of_random)
            counts.append(len(found.named))
            when_right.append((is_right(answer, question), found.of_named, found.of_random))
    of_named, named_error = clustered_mean(named)
    of_random, random_error = clustered_mean(random)
    right = [(a, b) for good, a, b in when_right if good]
    return {
        "n": len(counts),
        "users": len(named),
        "slots_named": mean(counts),
        "loss_without_named": of_named,
        "loss_without_named_stderr": named_error,
        "loss_without_random": of_random,
        "loss_without_random_stderr": random_error,
        "ratio": of_named / of_random,
        "share_named_hurts_more": mean(float(a > b) for _, a, b in when_right),
        "n_right": len(right),
        "ratio_right": mean(a for a, _ in right) / mean(b for _, b in right),
    }


def drift(model: LPMModel, users: list[SyntheticUser]) -> dict[str, float]:
    """Compare each user's memory of all but the last session with that of all."""
    found = []
    for user in users:
        sessions = user.history.sessions
        old = write(model, History(sessions[:-1]), user.user_id)
        new = write(model, user.history, user.user_id).updated(version=2)
        found.append(changes(old, new))
    return {
        "users": len(found),
        "came": mean(len(item.came) for item in found),
        "went": mean(len(item.went) for item in found),
        "stayed": mean(len(item.stayed) for item in found),
        "drift": mean(item.drift for item in found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--questions", type=int, default=20, help="explained answers a user")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    backbone = Backbone.load()
    model = load_shared(None, backbone)
    users = [generate_user(TEST_SEED + index, "test") for index in range(options.users)]
    slot_map = map_slots([write(model, user.history).slots for user in users])
    faithful = explained(model, users, options.questions)
    content = {
        "kind": "inspection",
        "backbone": "SmolLM2-135M-Instruct",
        "split": "report",
        "faithfulness": faithful,
        "map": {
            "users": len(users),
            "slots": len(slot_map.owner),
            "silhouette": slot_map.silhouette,
            "nearest_user": slot_map.nearest_user,
            "nearest_by_chance": slot_map.nearest_by_chance,
        },
        "drift": drift(model, users),
        "environment": environment(),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.hashsalt": "lpm"}):
        draw_map(slot_map).savefig(options.out / "map.svg", metadata={"Date": None})
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    (options.out / "inspection.json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
