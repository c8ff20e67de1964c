"""Compare recipes of a memory from raw history: what it is cut into, read by and refined with.

    python bench/recipes.py --users 3 --steps 60

Every recipe changes one thing of the default on synthetic users kept for tuning, whose questions
are in words that no training user has: chunks of other lengths, other numbers of slots, fewer heads
that read them, gradient steps on self-study, on the next turn or on both, and the same steps from
slots that are the same for everybody instead of those that the writer wrote. Steps start from slots
as they are read, later values settled; the product takes them before. Refining starts at the
default rate; `--rate` is that of a start that knows nothing of the user.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor
from written import TUNE_SEED, Kept, right

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.averages import clustered_mean
from lpm.benchmarks.results import environment
from lpm.benchmarks.synthetic import SyntheticUser, generate_user
from lpm.chunking import chunk_history
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, FitExample, fit_slots
from lpm.learning.self_study import SelfStudyConfig, next_turn_examples, study_history
from lpm.modeling import LPMModel, load_shared
from lpm.remembering import session_times, settled
from lpm.writing import WrittenSlots, write_slots

OBJECTIVES = ("self-study", "next turn", "both")


@dataclass(frozen=True)
class Recipe:
    """How a memory is made and read; the default is the product's.

    words: least and most of a chunk. heads: of those that read slots, the first ones; None: all.
    objective: of gradient steps, if any. start: of those steps.
    """

    words: tuple[int, int] = (6, 36)
    num_slots: int = 32
    heads: int | None = None
    objective: str | None = None
    start: str = "written"


RECIPES = (
    Recipe(),
    *(Recipe(words=words) for words in ((1, 18), (12, 72), (24, 144))),
    *(Recipe(num_slots=number) for number in (4, 8, 16, 64)),
    *(Recipe(heads=number) for number in (2, 4, 8)),
    *(Recipe(objective=name) for name in OBJECTIVES),
    *(Recipe(objective=name, start="shared") for name in OBJECTIVES),
)


class Kitchen:
    """Makes memories by recipes; what users are asked about themselves is made once."""

    def __init__(self, model: LPMModel, options: argparse.Namespace) -> None:
        self.model = model
        self.steps: int = options.steps
        self.seed: int = options.seed
        self.rates = {"written": FitConfig().learning_rate, "shared": options.rate}
        first = [TUNE_SEED + number for number in range(options.users + options.teachers)]
        everybody = [generate_user(seed, "test") for seed in first]
        self.users, self.teachers = everybody[: options.users], everybody[options.users :]
        self._studies: dict[str, list[FitExample]] = {}
        self._shared: dict[str, Tensor] = {}

    def slots(self, user: SyntheticUser, recipe: Recipe) -> Tensor:
        """Return a user's slots."""
        start = self.start(user, recipe)
        if recipe.objective is None:
            return start
        return self.fitted(start, self.examples(user, recipe.objective), self.rates[recipe.start])

    def written(self, user: SyntheticUser, recipe: Recipe) -> WrittenSlots:
        """Return what the writer makes of a user's history."""
        least, most = recipe.words
        chunks = chunk_history(user.history, min_words=least, max_words=most)
        return write_slots(self.model, chunks, recipe.num_slots)

    def start(self, user: SyntheticUser, recipe: Recipe) -> Tensor:
        """Return the slots that gradient steps start from."""
        if recipe.start == "written":
            written = self.written(user, recipe).as_written()
            return settled(self.model, written, session_times((), user.history)).read.slots
        objective = str(recipe.objective)
        if objective not in self._shared:
            chunks = [chunk for other in self.teachers for chunk in chunk_history(other.history)]
            begin = write_slots(self.model, chunks, recipe.num_slots).slots
            examples = [x for other in self.teachers for x in self.examples(other, objective)]
            self._shared[objective] = self.fitted(begin, examples, self.rates["written"])
        return self._shared[objective]

    def examples(self, user: SyntheticUser, objective: str) -> list[FitExample]:
        """Return what a user's history teaches by an objective."""
        found: list[FitExample] = []
        if objective != "next turn":
            found += self._study(user)
        if objective != "self-study":
            found += next_turn_examples(self.model, user.history)
        return found

    def _study(self, user: SyntheticUser) -> list[FitExample]:
        if user.user_id not in self._studies:
            chunks = self.written(user, Recipe()).chunks
            config = SelfStudyConfig(seed=self.seed)
            self._studies[user.user_id] = study_history(self.model, chunks, config)
        return self._studies[user.user_id]

    def fitted(self, start: Tensor, examples: Sequence[FitExample], rate: float) -> Tensor:
        """Return slots after gradient steps."""
        config = FitConfig(steps=self.steps, learning_rate=rate, seed=self.seed)
        scorer = AnswerScorer(self.model.backbone)
        return fit_slots(self.model.projector, scorer, [start], [examples], config).slots[0]

    def rows(self, heads: int | None) -> Kept:
        """Return what keeps the rows of the first heads and all constant ones."""
        config = self.model.projector.config
        first, after = config.rows_before, config.rows_before + config.num_heads
        kept = [
            row
            for row in range(config.num_soft_tokens)
            if heads is None or not first + heads <= row < after
        ]
        return lambda rows: rows[:, kept]


def measured(kitchen: Kitchen, recipes: Sequence[Recipe]) -> Iterator[dict[str, object]]:
    """Yield each recipe with its accuracy, clustered by user."""
    for recipe in recipes:
        begin, scores, floats = time.perf_counter(), {}, 0
        for user in kitchen.users:
            slots = kitchen.slots(user, recipe)
            kept = kitchen.rows(recipe.heads)
            scores[user.user_id] = right(kitchen.model, slots, user.questions, kept=kept)
            floats += slots.numel()
        overall, stderr = clustered_mean(scores)
        yield {
            **asdict(recipe),
            "accuracy": overall,
            "stderr": stderr,
            "n": sum(map(len, scores.values())),
            "floats_per_user": floats / len(scores),
            "seconds": round(time.perf_counter() - begin, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=3)
    parser.add_argument("--teachers", type=int, default=2, help="further users, of shared slots")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--projector")
    parser.add_argument("--out", type=Path, default=Path("results/training/18-recipes.json"))
    options = parser.parse_args()
    backbone = Backbone.load(options.backbone)
    kitchen = Kitchen(load_shared(options.projector, backbone), options)
    record = {
        "what": "share of held-out questions answered rightly from raw history, by recipe",
        "users": options.users,
        "steps": options.steps,
        "rates": kitchen.rates,
        "seed": options.seed,
        "projector": kitchen.model.fingerprint,
        "runs": [],
        "environment": environment() | backbone.runs_on,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for run in measured(kitchen, RECIPES):
        print(run, flush=True)
        record["runs"].append(run)
        options.out.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
