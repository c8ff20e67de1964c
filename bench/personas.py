"""Measure every method on held-out synthetic users and write result files.

    python bench/personas.py pairs --methods lpm prompt-tuning lora --steps 10 30 100 --users 4
    python bench/personas.py history --methods lpm prompt-tuning full-context no-memory swapped

pairs: question-answer pairs are given, the test asks in other words. history: raw history only.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.results import Result, clustered, environment
from lpm.benchmarks.synthetic import SyntheticQuestion, SyntheticUser, generate_user, is_right
from lpm.chunking import chunk_history
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, fit_slots
from lpm.learning.self_study import SelfStudyConfig, ask_and_answer, study_history
from lpm.methods.answering import answer_questions
from lpm.methods.base import UserMethod
from lpm.methods.latent_memory import LatentMemory, LatentMemorySettings
from lpm.methods.lora import Lora, LoraSettings
from lpm.methods.prompt_tuning import PromptTuning, PromptTuningConfig
from lpm.modeling import LPMModel, load_shared
from lpm.nn.injection import build_prompt, inject
from lpm.prompting import BRIEFLY, OPENING, full_context_messages
from lpm.remembering import session_times, settled
from lpm.types import Message, QuestionAnswer
from lpm.writing import write_slots

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
        self,
        mode: str,
        method: str,
        settings: dict[str, object],
        scored: Scored,
        seconds: float,
        *,
        params: int,
        soft_tokens: int,
        prompt_tokens: float = 0.0,
        shared: int = 0,
    ) -> None:
        """Write one result file and print its line."""
        overall, stderr = clustered(scored.by_user)
        added = prompt_tokens if method == "full-context" else soft_tokens
        result = Result(
            benchmark="personas",
            mode=mode,
            split=self.split,
            backbone=self.options.backbone_name,
            backbone_fingerprint=self.backbone.fingerprint,
            method=method,
            settings=settings,
            seed=self.options.seed,
            overall=overall,
            stderr=stderr,
            n=sum(map(len, scored.by_user.values())),
            num_users=len(scored.by_user),
            params_per_user=params,
            params_shared=shared,
            bytes_per_user=4 * params,
            kv_bytes=round(added * self.backbone.kv_bytes_per_token),
            soft_tokens=soft_tokens,
            prompt_tokens=prompt_tokens,
            seconds=seconds,
            environment=environment() | self.backbone.runs_on,
            by_kind={
                kind: [sum(items) / len(items), len(items)]
                for kind, items in sorted(scored.by_kind.items())
            },
        )
        label = "-".join(f"{key}{value}" for key, value in settings.items())
        name = f"{mode}-{self.split}-{method}-{label}-seed{self.options.seed}.json"
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
        shared = sum(p.numel() for p in self.model.parameters()) if method.name == "lpm" else 0
        self.save(
            "pairs",
            method.name,
            {"steps": steps, "rate": rate, "facts": self.options.facts},
            scored,
            time.perf_counter() - begin,
            params=method.params_per_user,
            soft_tokens=method.soft_tokens,
            shared=shared,
        )

    def history(self) -> None:
        """Answer from raw history only, by each method and control."""
        for name in self.options.methods:
            for steps in self.options.steps:
                self._history_of(name, steps)

    @torch.no_grad()
    def _latent(self, name: str, steps: int, users: Sequence[SyntheticUser]) -> list[torch.Tensor]:
        made = []
        for user in users:
            chunks = chunk_history(user.history)
            written = write_slots(self.model, chunks, self.model.config.num_slots)
            told = session_times((), user.history)
            slots = settled(self.model, written.as_written(), told).read.slots
            if steps:
                with torch.enable_grad():
                    study = study_history(
                        self.model, written.chunks, SelfStudyConfig(seed=self.options.seed)
                    )
                    slots = fit_slots(
                        self.model.projector,
                        AnswerScorer(self.backbone),
                        [slots],
                        [study],
                        FitConfig(
                            steps=steps,
                            learning_rate=self.options.rates[0],
                            seed=self.options.seed,
                        ),
                    ).slots[0]
            made.append(slots)
        return made

    def _history_of(self, name: str, steps: int) -> None:
        begin, scored = time.perf_counter(), Scored.empty()
        params, soft, prompt_tokens, shared = 0, 0, 0.0, 0
        settings: dict[str, object] = {}
        if name in ("lpm", "swapped"):
            memories = self._latent(name, steps, self.users)
            if name == "swapped":
                memories = [*memories[1:], memories[0]]
            settings = {"steps": steps}
            params, soft = memories[0].numel(), self.model.projector.config.num_soft_tokens
            shared = sum(p.numel() for p in self.model.parameters())
            for user, slots in zip(self.users, memories, strict=True):
                texts = [q.question for q in user.questions]
                queries = self.model.queries(texts)
                with torch.no_grad():
                    rows, _ = self.model.projector(
                        slots[None].expand(len(texts), -1, -1, -1), queries
                    )
                scored.add(
                    user.user_id, user.questions, answer_questions(self.backbone, texts, rows)
                )
        elif name == "prompt-tuning":
            method = PromptTuning(
                self.backbone, PromptTuningConfig(learning_rate=self.options.rates[0])
            )
            settings = {"steps": steps, "rate": self.options.rates[0]}
            params, soft = method.params_per_user, method.soft_tokens
            for user in self.users:
                chunks = chunk_history(user.history)
                kept = write_slots(self.model, chunks, self.model.config.num_slots).chunks
                study = ask_and_answer(self.backbone, kept, SelfStudyConfig(seed=self.options.seed))
                pairs = [QuestionAnswer(pair.question, pair.answer) for pair in study]
                method.fit(pairs, steps=steps, seed=self.options.seed)
                texts = [q.question for q in user.questions]
                scored.add(user.user_id, user.questions, method.answer(texts))
        else:
            settings = {"prompt": self.options.prompt} if name == "full-context" else {}
            prompt_tokens = self._plain(name, scored)
        self.save(
            "history",
            name,
            settings,
            scored,
            time.perf_counter() - begin,
            params=params,
            soft_tokens=soft,
            prompt_tokens=prompt_tokens,
            shared=shared,
        )

    def _plain(self, name: str, scored: Scored) -> float:
        """Answer with the history in context or with nothing; return the mean prompt length."""
        lengths = []
        for user in self.users:
            texts = []
            for question in user.questions:
                opening, closing = PROMPTS[self.options.prompt]
                chat: list[Message] = [{"role": "user", "content": question.question + closing}]
                if name == "full-context":
                    room = self.backbone.max_context_tokens - 32
                    chat = full_context_messages(
                        self.backbone, user.history, chat, room, opening=opening
                    )
                prompt = build_prompt(self.backbone, chat, "front", rows=False)
                lengths.append(prompt.num_tokens)
                tokens = self.backbone.generate(
                    *inject(self.backbone, [prompt], [None]), max_new_tokens=24
                )
                texts += self.backbone.decode(tokens)
            scored.add(user.user_id, user.questions, texts)
        return sum(lengths) / len(lengths)


PROMPTS = {
    "plain": (OPENING, ""),
    "brief": (OPENING, BRIEFLY),
    "facts": ("Facts about me:", BRIEFLY),
    "question-last": ("Read our conversations, then answer my question.", "\n" + BRIEFLY.strip()),
}
"""Openings and closings of the full-context prompt, swept on the tuning users."""


def chosen_questions(user: SyntheticUser, facts: int) -> list[SyntheticQuestion]:
    """Return the held-out questions of a user's first facts (fact and kind)."""
    names = list(dict.fromkeys(q.fact_id + q.kind for q in user.questions))[:facts]
    return [q for q in user.questions if q.fact_id + q.kind in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("pairs", "history"))
    parser.add_argument("--methods", nargs="+", required=True)
    parser.add_argument("--steps", nargs="+", type=int, default=[0])
    parser.add_argument("--rates", nargs="+", type=float, default=[0.02])
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--facts", type=int, default=12, help="facts a user in mode pairs")
    parser.add_argument("--prompt", choices=sorted(PROMPTS), default="brief")
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--backbone-name", default="SmolLM2-135M-Instruct")
    parser.add_argument("--projector")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tune", action="store_true", help="use the users kept for tuning")
    parser.add_argument("--out", type=Path, default=Path("results/personas"))
    options = parser.parse_args()
    bench = Bench(options)
    if options.mode == "pairs":
        bench.pairs()
    else:
        bench.history()


if __name__ == "__main__":
    main()
