"""The shapes of the generator's data: fact types, relations and preference domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "test"]
QuestionSet = Literal["train", "practice", "heldout"]
SPLITS: tuple[Split, ...] = ("train", "test")
QUESTION_SETS: tuple[QuestionSet, ...] = ("train", "practice", "heldout")


@dataclass(frozen=True)
class FactType:
    """How one kind of static fact is told and asked for.

    Statements hold `{v}` (the value), `{a}` (its indefinite article) and, for relations, `{r}`
    ("my sister"), `{who}` ("my sister" or "my sister Mia"), `{she}` and `{her}`. `topic` is the
    noun phrase and `clause` the embedded question that the shared frames are filled with.
    """

    key: str
    pool: str
    topic: str
    clause: str
    train_says: tuple[str, ...]
    test_says: tuple[str, ...]
    train_asks: tuple[str, ...]
    practice_asks: tuple[str, ...]
    heldout_asks: tuple[str, ...]
    short: str = "{v}"

    def says(self, split: Split) -> tuple[str, ...]:
        """Return the statement templates of a split."""
        return self.train_says if split == "train" else self.test_says

    def asks(self, question_set: QuestionSet) -> tuple[str, ...]:
        """Return the direct question templates of a question set."""
        return {
            "train": self.train_asks,
            "practice": self.practice_asks,
            "heldout": self.heldout_asks,
        }[question_set]


@dataclass(frozen=True)
class Relation:
    """A person in the user's life; `gender` is None where either fits."""

    key: str
    noun: str
    gender: Literal["female", "male"] | None
    attributes: tuple[str, ...]


@dataclass(frozen=True)
class Domain:
    """One preference of a user, with the words that the preference frames are filled with.

    `full` turns a value into what people say ("{v} food"), `habit` is a verb phrase around `{f}`
    (the full value), `habit_ing` its -ing form. Scenes are sentences that open a question in a
    new situation; occasions are noun phrases that a recommendation is for.
    """

    key: str
    thing: str
    some: str
    favourite: str
    clause: str
    topic: str
    full: str
    habit: str
    habit_ing: str
    scenes: dict[QuestionSet, tuple[str, ...]]
    occasions: dict[QuestionSet, tuple[str, ...]]


@dataclass(frozen=True)
class DomainValues:
    """The values of one preference domain in one split.

    `clusters` are groups of kindred values: the others of a value's group are what it suggests.
    `likings` are clauses that say why somebody likes such a thing; `changes` are past events that
    made somebody switch, their key words in square brackets.
    """

    clusters: tuple[tuple[str, ...], ...]
    likings: tuple[str, ...]
    changes: tuple[str, ...]


def read_domain_values(clusters: str, likings: str, changes: str) -> DomainValues:
    """Read values from text: one group a line with commas between, one clause a line."""
    return DomainValues(
        clusters=tuple(
            tuple(part.strip() for part in row.split(",")) for row in read_rows(clusters)
        ),
        likings=read_rows(likings),
        changes=read_rows(changes),
    )


def read_rows(text: str) -> tuple[str, ...]:
    """Return the lines of a text that are not empty, without the space around them."""
    return tuple(row.strip() for row in text.splitlines() if row.strip())
