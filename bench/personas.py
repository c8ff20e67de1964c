"""Measure methods on held-out synthetic users from given pairs, and write result files.

    python bench/personas.py pairs --methods lpm prompt-tuning lora --steps 10 30 100 --users 4

Question-answer pairs are given, the test asks in other words. `lpm eval personas` measures what raw
history teaches.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.averages import clustered_mean
from lpm.benchmarks.results import Result, environment
from lpm.benchmarks.synthetic import SyntheticQuestion, SyntheticUser, generate_user, is_right
from lpm.methods.base import UserMethod
from lpm.methods.latent_memory import LatentMemory, LatentMemorySettings
from lpm.methods.lora import Lora, LoraSettings
from lpm.methods.prompt_tuning import PromptTuning, PromptTuningConfig
from lpm.modeling import LPMModel, load_shared
from lpm.types import QuestionAnswer

TEST_SEED = 20_000_000
TUNE_SEED = 30_000_000


@dataclass
class Scored:
    """Right answers by user and by question kind."""

    by_user: dict[str, list[float]]
    by_kind: dict[str, list[float]]

    @classmethod
    def empty(cls) -> Scored:
        """Start with nothing."""
        return cls(defaultdict(list), defaultdict(list))

    def add(self, user: str, questions: Sequence[SyntheticQuestion], texts: Sequence[str]) -> None:
        """Score a user's answers by the benchmark's rule."""
        for question, text in zip(questions, texts, strict=True):
            score = float(is_right(text, question))
            self.by_user[user].append(score)
            self.by_kind[question.kind].append(score)


class Bench:
    """Users, backbone and shared weights of one measurement."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.backbone = Backbone.load(options.backbone)
        self.model: LPMModel = load_shared(options.projector, self.backbone)
        first = TUNE_SEED if options.tune else TEST_SEED
        self.split = "tune" if options.tune else "report"
        self.users = [generate_user(first + i, "test") for i in range(options.users)]

    def save(
        self, method: UserMethod, settings: dict[str, object], scored: Scored, seconds: float
    ) -> None:
        """Write one result file and print its line."""
        label = "-".join(f"{key}{value}" for key, value in settings.items())
        shared = 0
        if isinstance(method, LatentMemory):
            shared = sum(parameter.numel() for parameter in method.model.parameters())
            settings = settings | {"projector": method.model.fingerprint}
        overall, stderr = clustered_mean(scored.by_user)
        result = Result(
            benchmark="personas",
            mode="pairs",
            split=self.split,
            backbone=self.options.backbone_name,
            backbone_fingerprint=self.backbone.fingerprint,
            method=method.name,
            settings=settings,
            seed=self.options.seed,
            overall=overall,
            stderr=stderr,
            n=sum(map(len, scored.by_user.values())),
            num_users=len(scored.by_user),
            params_per_user=method.params_per_user,
            params_shared=shared,
            bytes_per_user=4 * method.params_per_user,
            kv_bytes=method.soft_tokens * self.backbone.kv_bytes_per_token,
            soft_tokens=method.soft_tokens,
            prompt_tokens=0.0,
            seconds=seconds,
            environment=environment() | self.backbone.runs_on,
            by_kind={
                kind: [sum(items) / len(items), len(items)]
                for kind, items in sorted(scored.by_kind.items())
            },
        )
        name = f"pairs-{self.split}-{method.name}-{label}-seed{self.options.seed}.json"
        result.save(self.options.out / name)
        print(f"{name}: {overall:.3f} ± {stderr:.3f} (n={result.n}) {seconds:.0f} s", flush=True)

    def pairs(self) -> None:
        """Fit every user to given pairs and ask in unseen words."""
        makers: dict[str, Callable[[float], UserMethod]] = {
            "lpm": lambda rate: LatentMemory(self.model, LatentMemorySettings(learning_rate=rate)),
            "prompt-tuning": lambda rate: PromptTuning(
                self.backbone, PromptTuningConfig(learning_rate=rate)
            ),
            "lora": lambda rate: Lora(self.backbone, LoraSettings(learning_rate=rate)),
        }
        for name in self.options.methods:
            for rate in self.options.rates:
                method = makers[name](rate)
                for steps in self.options.steps:
                    self._pairs_of(method, steps, rate)

    def _pairs_of(self, method: UserMethod, steps: int, rate: float) -> None:
        begin, scored = time.perf_counter(), Scored.empty()
        for user in self.users:
            questions = chosen_questions(user, self.options.facts)
            facts = {q.fact_id + q.kind for q in questions}
            given = [
                QuestionAnswer(q.question, q.answer)
                for q in user.practice
                if q.fact_id + q.kind in facts
            ]
            method.fit(given, steps=steps, seed=self.options.seed)
            scored.add(user.user_id, questions, method.answer([q.question for q in questions]))
        settings = {"steps": steps, "rate": rate, "facts": self.options.facts}
        self.save(method, settings, scored, time.perf_counter() - begin)


def chosen_questions(user: SyntheticUser, facts: int) -> list[SyntheticQuestion]:
    """Return the held-out questions of a user's first facts (fact and kind)."""
    names = list(dict.fromkeys(q.fact_id + q.kind for q in user.questions))[:facts]
    return [q for q in user.questions if q.fact_id + q.kind in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("pairs",))
    parser.add_argument("--methods", nargs="+", required=True)
    parser.add_argument("--steps", nargs="+", type=int, default=[0])
    parser.add_argument("--rates", nargs="+", type=float, default=[0.02])
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--facts", type=int, default=12, help="facts a user")
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--backbone-name", default="SmolLM2-135M-Instruct")
    parser.add_argument("--projector")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tune", action="store_true", help="use the users kept for tuning")
    parser.add_argument("--out", type=Path, default=Path("results/personas"))
    options = parser.parse_args()
    Bench(options).pairs()


if __name__ == "__main__":
    main()
