"""PersonaMem v1 as a benchmark: which of four responses fits this user best?"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lpm.benchmarks.contract import Case, Question, Split
from lpm.benchmarks.personamem.contexts import context_lines, cut, read_context
from lpm.benchmarks.personamem.parsing import parse, strip_thinking
from lpm.benchmarks.personamem.rows import LETTERS, Row, read_rows
from lpm.errors import ConfigError, HistoryError
from lpm.methods.contract import Request

KINDS = (
    "recall_user_shared_facts",
    "suggest_new_ideas",
    "recalling_facts_mentioned_by_the_user",
    "track_full_preference_evolution",
    "recalling_the_reasons_behind_previous_updates",
    "provide_preference_aligned_recommendations",
    "generalizing_to_new_scenarios",
)
"""The file's kinds of question. Trap: the paper calls the first one "acknowledge latest preference"
and means the third by "recall user-shared facts"."""

INSTRUCTION = (
    "Find the most appropriate model response and give your final answer (a), (b), (c), or (d) "
    "after the special token <final_answer>."
)


@dataclass(frozen=True)
class Coverage:
    """How many questions of a split can be asked with the contexts at hand.

    questions: rows of the questions file. asked: those whose context is there. skipped: the others;
    an official score needs 0. missing_contexts: contexts that are asked about and not there.
    """

    questions: int
    asked: int
    skipped: int
    missing_contexts: int

    def __str__(self) -> str:
        """Say it in one sentence."""
        return (
            f"{self.asked} of {self.questions} questions are asked; {self.skipped} are skipped "
            f"because {self.missing_contexts} of their contexts are not in the contexts file."
        )


class PersonaMemBenchmark:
    """PersonaMem's multiple choice, a split a mode.

    A case is one user at one time: a persona, a shared context and the index it is cut at. Its
    standard errors are clustered by persona, and whole personas belong to `tune` or `report`.
    Thinking text is removed before parsing, which the official code does not do. `Question.options`
    holds the texts without letters, for a likelihood metric apart; whoever wants their likelihood
    without the list in the prompt asks `Request.query` alone.

    Questions whose context is absent are not asked: look at `coverage`, and report it.
    """

    name = "personamem"
    modes: tuple[str, ...] = ("32k", "128k", "1M")
    categories: tuple[str, ...] = KINDS

    def __init__(self, folder: str | os.PathLike[str], *, max_new_tokens: int = 256) -> None:
        """Take the folder of `questions_*.csv` and `shared_contexts_*.jsonl`, read by `cases`.

        Where the contexts file is absent, `shared_contexts_*.partial.jsonl` stands in for it.
        """
        self.folder = Path(folder)
        self.max_new_tokens = max_new_tokens

    def cases(self, mode: str) -> Iterator[Case]:
        """Yield the cases in the order of the contexts file, then of the persona and the index.

        Raises HistoryError, one sentence, for files that are absent, broken or do not fit together.
        """
        rows = defaultdict[str, list[Row]](list)
        for row in self._rows(mode):
            rows[row.context_id].append(row)
        path = self._contexts_path(mode)
        for number, line, ids in context_lines(path):
            for context_id in ids:
                # Popped, so that a repeated line does not ask the same questions again.
                yield from self._cases_of(path, number, line, context_id, rows.pop(context_id, []))

    def coverage(self, mode: str) -> Coverage:
        """Count the questions that `cases` asks and those it has to skip."""
        wanted = [row.context_id for row in self._rows(mode)]
        found = {key for _, _, ids in context_lines(self._contexts_path(mode)) for key in ids}
        asked = sum(context_id in found for context_id in wanted)
        missing = len(set(wanted) - found)
        return Coverage(len(wanted), asked, len(wanted) - asked, missing)

    def score(self, mode: str, question: Question, prediction: str) -> float:
        """Return 1.0 when the response, without its thinking, chose the gold letter, else 0.0."""
        self._check(mode)
        return float(parse(strip_thinking(prediction), question.gold))

    def _cases_of(
        self, path: Path, number: int, line: str, context_id: str, rows: list[Row]
    ) -> Iterator[Case]:
        if not rows:
            return
        whole = read_context(path, number, line, context_id)
        groups = defaultdict[tuple[str, int], list[Row]](list)
        for row in rows:
            groups[row.persona, row.end_index].append(row)
        for (persona, end_index), group in sorted(groups.items()):
            split: Split = "tune" if is_tune_persona(persona) else "report"
            yield Case(
                user=f"persona-{persona}/{context_id[:12]}/{end_index}",
                cluster=f"persona-{persona}",
                split=split,
                history=cut(whole, end_index, f"{str(path)!r}, line {number},"),
                questions=tuple(self._question(row) for row in group),
            )

    def _question(self, row: Row) -> Question:
        prompt = f"{row.question}\n\n{INSTRUCTION}\n\n{row.options_text}"
        return Question(
            category=row.kind,
            request=Request(
                ({"role": "user", "content": prompt},), row.question, self.max_new_tokens
            ),
            gold=f"({row.gold})",
            options=row.options,
            gold_option=LETTERS.index(row.gold),
        )

    def _rows(self, mode: str) -> Iterator[Row]:
        self._check(mode)
        for row in read_rows(self.folder / f"questions_{mode}.csv"):
            if row.kind not in KINDS:
                raise HistoryError(
                    f"The questions of {mode} hold the unknown 'question_type' {row.kind[:60]!r}; "
                    "give PersonaMem's version 1."
                )
            yield row

    def _contexts_path(self, mode: str) -> Path:
        path = self.folder / f"shared_contexts_{mode}.jsonl"
        partial = path.with_suffix(".partial.jsonl")
        return partial if not path.exists() and partial.exists() else path

    def _check(self, mode: str) -> None:
        if mode not in self.modes:
            raise ConfigError(f"PersonaMem has no mode {mode!r}; choose '32k', '128k' or '1M'.")


def is_tune_persona(persona: str) -> bool:
    """Tell whether a persona_id belongs to the split for choosing hyper-parameters: 3, 7, 11, …

    A quarter of the personas, fixed before anything was measured. Questions repeat within a
    persona, so a split by rows would leak.
    """
    return persona.isascii() and persona.isdigit() and int(persona) % 4 == 3
