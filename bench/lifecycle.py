"""Measure the life of a memory: writing, many sessions, forgetting, what was never told.

    python bench/lifecycle.py times              # seconds and peak memory by history length
    python bench/lifecycle.py sessions --users 5 # 20 sessions in a row, in two orders
    python bench/lifecycle.py forgetting --users 5
    python bench/lifecycle.py never-told --users 10

Writes results/lifecycle/NAME.json. Users are of the test split.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from written import TEST_SEED, ask, right, write

from lpm.backbone import Backbone
from lpm.benchmarks.averages import clustered_mean
from lpm.benchmarks.personas import PersonasBenchmark
from lpm.benchmarks.results import environment
from lpm.benchmarks.synthetic import GeneratorConfig, SyntheticUser, generate_user
from lpm.model import LatentPersonalMemory
from lpm.modeling import load_shared
from lpm.store import open_store
from lpm.types import History, KeepHistory

FOLDER = Path(__file__).resolve().parent.parent / "results" / "lifecycle"
LENGTHS = (1_000, 4_000, 16_000, 64_000, 128_000)
Found = dict[str, Any]


def opened(folder: str) -> LatentPersonalMemory:
    """Open an empty home with the embedded backbone."""
    return LatentPersonalMemory(open_store(Path(folder)), load_shared(None, Backbone.load()))


def long_user(tokens: int, seed: int = TEST_SEED) -> SyntheticUser:
    """Return a user whose history has about that many tokens."""
    return generate_user(seed, "test", GeneratorConfig(filler_tokens=max(0, tokens - 800)))


def times(options: argparse.Namespace) -> Found:
    """Time writing by history length, each in a process of its own, and one more session."""
    context = multiprocessing.get_context("spawn")
    by_length = []
    for tokens in LENGTHS:
        with context.Pool(1) as pool:
            by_length.append(pool.apply(_time_one, (tokens, options.threads)))
    return {"threads": options.threads, "by_length": by_length}


def _time_one(tokens: int, threads: int) -> Found:
    torch.set_num_threads(threads)
    user = long_user(tokens)
    sessions = user.history.sessions
    with tempfile.TemporaryDirectory() as folder, opened(folder) as memories:
        memories.remember("warm", History(sessions[:1]))
        loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.perf_counter()
        report = memories.remember("ann", History(sessions[:-1]))
        written = time.perf_counter() - begin
        begin = time.perf_counter()
        memories.remember("ann", History(sessions[-1:]))
        return {
            "tokens": tokens,
            "turns": user.history.num_turns,
            "slots": report.num_slots,
            "remember_s": written,
            "new_session_turns": len(sessions[-1].turns),
            "new_session_s": time.perf_counter() - begin,
            "peak_mb_loaded": loaded / 1024,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def sessions(options: argparse.Namespace) -> Found:
    """Teach 20 sessions in a row, in both orders, with text kept and without; ask at the end."""
    scores: dict[str, dict[str, list[float]]] = {}
    first: dict[str, dict[str, list[float]]] = {}
    for index in range(options.users):
        user = generate_user(TEST_SEED + index, "test", GeneratorConfig(num_sessions=20))
        begin = {session.session_id for session in user.history.sessions[:4]}
        early = [q for q in user.questions if {s for s, _ in q.evidence} <= begin]
        with tempfile.TemporaryDirectory() as folder, opened(folder) as memories:
            for name, keep, order in (
                ("at once", "full", None),
                ("in a row", "full", 1),
                ("in reverse", "full", -1),
                ("in a row, no text kept", "none", 1),
            ):
                _teach(memories, name, user.history, keep, order)
                slots = memories.store.get(name).slots
                whole = right(memories.model, slots, user.questions)
                scores.setdefault(name, {})[user.user_id] = whole
                first.setdefault(name, {})[user.user_id] = right(memories.model, slots, early)
    return {
        "users": options.users,
        "sessions": 20,
        "all_questions": {name: _mean(found) for name, found in scores.items()},
        "facts_of_the_first_four_sessions": {name: _mean(found) for name, found in first.items()},
    }


def _teach(
    memories: LatentPersonalMemory,
    name: str,
    history: History,
    keep: KeepHistory,
    order: int | None,
) -> None:
    if order is None:
        memories.remember(name, history, keep_history=keep)
        return
    for session in history.sessions[::order]:
        if any(turn.role == "user" for turn in session.turns):
            memories.remember(name, History((session,)), keep_history=keep)


def forgetting(options: argparse.Namespace) -> Found:
    """Forget one session of each user; ask for its facts and for the others before and after."""
    named = ("gone before", "gone after", "gone, swapped user", "others before", "others after")
    found: dict[str, dict[str, list[float]]] = {name: {} for name in named}
    probes = []
    model = load_shared(None, Backbone.load())
    for index in range(options.users):
        user = generate_user(TEST_SEED + index, "test")
        other = write(model, generate_user(TEST_SEED + 900 + index, "test").history)
        per_session = {
            session.session_id: [
                q for q in user.questions if {s for s, _ in q.evidence} == {session.session_id}
            ]
            for session in user.history.sessions
        }
        chosen = random.Random(index).choice(sorted(n for n, qs in per_session.items() if qs))
        gone = per_session[chosen]
        kept = [q for q in user.questions if chosen not in {s for s, _ in q.evidence}]
        with tempfile.TemporaryDirectory() as folder:
            memories = LatentPersonalMemory(open_store(Path(folder)), model)
            memories.remember("ann", user.history)
            before = memories.store.get("ann").slots
            receipt = memories.forget("ann", session=chosen)
            after = memories.store.get("ann").slots
            memories.close()
        if receipt.probe:
            probes.append((receipt.probe.before, receipt.probe.after))
        for name, slots, questions in (
            ("gone before", before, gone),
            ("gone after", after, gone),
            ("gone, swapped user", other.slots, gone),
            ("others before", before, kept),
            ("others after", after, kept),
        ):
            found[name][user.user_id] = right(model, slots, questions)
    return {
        "users": options.users,
        "accuracy": {name: _mean(scores) for name, scores in found.items()},
        "probe_before": mean(a for a, _ in probes),
        "probe_after": mean(b for _, b in probes),
    }


def never_told(options: argparse.Namespace) -> Found:
    """Ask what was told and what was not, with the sink and without.

    An answer to what was never told that does not abstain is a false recall.
    """
    model = load_shared(None, Backbone.load())
    benchmark = PersonasBenchmark(num_users=options.users, num_tune_users=0, never_told=10)
    scores: dict[str, dict[str, list[float]]] = {}
    sink = model.projector.sink
    for case in benchmark.cases("short"):
        slots = write(model, case.history).slots
        questions = [q.request.messages[-1]["content"] for q in case.questions]
        for how, used in (("", sink), (" without the sink", None)):
            model.projector.sink = used
            for question, text in zip(case.questions, ask(model, slots, questions), strict=True):
                score = benchmark.score("short", question, text)
                untold = question.category == "never_told"
                named = ("false recall" if untold else "told and right") + how
                of_user = scores.setdefault(named, {}).setdefault(case.user, [])
                of_user.append(1.0 - score if untold else score)
    return {"users": options.users, **{name: _mean(found) for name, found in scores.items()}}


def _mean(scores: dict[str, list[float]]) -> dict[str, float]:
    value, error = clustered_mean(scores)
    return {"mean": value, "stderr": error, "n": sum(map(len, scores.values()))}


MEASURES: dict[str, Callable[[argparse.Namespace], Found]] = {
    "times": times,
    "sessions": sessions,
    "forgetting": forgetting,
    "never-told": never_told,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measure", choices=sorted(MEASURES))
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    found = MEASURES[options.measure](options)
    content = {
        "kind": options.measure,
        "backbone": "SmolLM2-135M-Instruct",
        "split": "report",
        **found,
        "environment": environment(),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    (options.out / f"{options.measure}.json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
