"""Who teaches a method before a user is asked: that user, or for some controls anybody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lpm.benchmarks.contract import Benchmark, Case
from lpm.benchmarks.synthetic import generate_user
from lpm.methods.contract import Method, PreparedOnce
from lpm.methods.registry import SWAPPED_USER
from lpm.types import History

MAX_TEACHERS = 10
_FIRST_SEED = 40_000_000


@dataclass(frozen=True)
class Teacher:
    """A user who teaches; cluster: who it is, as `Case.cluster`."""

    cluster: str
    history: History


class Lessons:
    """Prepares a method for each case of an evaluation.

    `swapped-user` is taught by the next user of another cluster. A method that is prepared once is
    taught by the users of `tune`, never by the one who is asked. Synthetic training users stand in
    where a benchmark has nobody else, as PersonaMem with the contexts of one persona. `notes` says
    who taught, for the result file.
    """

    def __init__(
        self, benchmark: Benchmark, mode: str, cases: Sequence[Case], method: Method, seed: int
    ) -> None:
        self.method = method
        self.seed = seed
        self.cases = cases
        self.notes: dict[str, object] = {}
        self._shared: tuple[Teacher, ...] = ()
        self._taught: list[str] = []
        if isinstance(method, PreparedOnce):
            own = tune_users(benchmark, mode)
            # One of two can be asked and the other teach.
            self._shared = own if len(own) > 1 else synthetic_users()
            source = f"tune users of {benchmark.name}" if len(own) > 1 else "synthetic users"
            self.notes = {"taught_by": f"{len(self._shared)} {source}"}
        elif method.name == SWAPPED_USER:
            alone = len({case.cluster for case in cases}) == 1
            self.notes = {"taught_by": "a synthetic user" if alone else "the next user"}

    def prepare(self, index: int) -> None:
        """Prepare the method for the case at `index`."""
        case = self.cases[index]
        teachers = [user for user in self._shared if user.cluster != case.cluster]
        names = [user.cluster for user in teachers]
        if isinstance(self.method, PreparedOnce) and names != self._taught:
            self.method.prepare_once([user.history for user in teachers], seed=self.seed)
            self._taught = names
        swapped = self.method.name == SWAPPED_USER
        history = self._next_user(index).history if swapped else case.history
        self.method.prepare(history, seed=self.seed)

    def _next_user(self, index: int) -> Teacher:
        own = self.cases[index].cluster
        for case in (*self.cases[index + 1 :], *self.cases[:index]):
            if case.cluster != own:
                return Teacher(case.cluster, case.history)
        return synthetic_users()[0]


def tune_users(benchmark: Benchmark, mode: str) -> tuple[Teacher, ...]:
    """Return the first users of `tune`, each once, by the longest history."""
    found: dict[str, Teacher] = {}
    for case in benchmark.cases(mode):
        known = found.get(case.cluster)
        if case.split != "tune" or (known is None and len(found) == MAX_TEACHERS):
            continue
        if known is None or case.history.num_turns > known.history.num_turns:
            found[case.cluster] = Teacher(case.cluster, case.history)
    return tuple(found.values())


def synthetic_users() -> tuple[Teacher, ...]:
    """Return users of the synthetic training split, whose values no benchmark asks about."""
    users = (generate_user(_FIRST_SEED + index, "train") for index in range(MAX_TEACHERS))
    return tuple(Teacher(user.user_id, user.history) for user in users)
