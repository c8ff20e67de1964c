"""Teach trained weights which statements supersede others, and which questions ask for the past.

python recipes/embedded_projector/calibrate.py runs/embedded/model

Rewrites the folder. Runs after training and takes one or two minutes of one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from corpus import corpus_user
from evaluation import VALIDATION_SEED
from past import questions
from statements import Statement, statements

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.synthetic import SyntheticUser
from lpm.benchmarks.synthetic.changing import ChangedUser, changed_user, facts_by_turn
from lpm.chunking import Chunk, chunk_history
from lpm.learning.features import chunk_features
from lpm.learning.pasts import PastLoss
from lpm.learning.stage import Stage, StageConfig, named
from lpm.learning.subjects import SubjectLoss
from lpm.modeling import LPMModel
from lpm.nn.past import Past
from lpm.nn.query_encoder import encode_queries
from lpm.nn.subject import Subject
from lpm.remembering import session_times
from lpm.superseding import superseded, told_in_order
from lpm.writing import write_slots
from lpm.written import Written

SUBJECT_DIM = 32
STATEMENT_USERS = 20
SUBJECT_STAGE = StageConfig(500, 2e-3, weight_decay=0.05, log_every=100, save_every=500)
QUESTION_USERS = 8
PAST_STAGE = StageConfig(300, 2e-3, weight_decay=1.0, log_every=100, save_every=300)
# To tell an old value for the present one is the worse error.
PAST_MARGIN = 0.3
USERS = 30
# One wrong heir in ten users of twenty facts and more, in the worst of the worlds.
WRONG_A_USER = 0.1
THRESHOLDS = tuple(round(0.5 + 0.02 * step, 2) for step in range(25))
_BATCH = 256

Place = tuple[str, int]
Judge = Callable[[Place, Place], bool]


class Calibration(NamedTuple):
    """Slots of a user, when each was told, which may supersede which, and which should."""

    written: Written
    order: list[tuple[int, int]]
    right: Judge
    changes: frozenset[tuple[Place, Place]]


def calibrate(model: LPMModel, folder: Path) -> dict[str, object]:
    """Train `writer.subject` and `past`, set the threshold; folder: for the log.

    Returns the figures behind the threshold.
    """
    _learn_past(model, folder)
    config = model.config
    config.subject_dim, config.supersede_above = SUBJECT_DIM, None
    model.writer.config = config.writer
    told = statements(STATEMENT_USERS, seed=0)
    about = about_of(model, told)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = model.writer.subject = Subject(about.shape[1], SUBJECT_DIM)
    subjects, replaces = [s.subject for s in told], [s.replaces for s in told]
    loss = SubjectLoss(head, about, subjects, replaces)
    Stage("subjects", named(subject=head), SUBJECT_STAGE, folder).run(loss)
    groups = {
        "generated": [_of_changed(model, changed_user(VALIDATION_SEED + n, "train"))
                      for n in range(USERS)],
        "corpus": [_of_corpus(model, corpus_user(VALIDATION_SEED + n)) for n in range(USERS)],
        "corpus, facts not trained on": [
            _of_corpus(model, corpus_user(VALIDATION_SEED + n, held_out=True))
            for n in range(USERS)
        ],
    }  # fmt: skip
    curve = {above: _figures(model, groups, above) for above in THRESHOLDS}
    config.supersede_above = chosen(curve)
    return {"supersede_above": config.supersede_above, "by_threshold": curve}


def chosen(curve: Mapping[float, Mapping[str, float]]) -> float | None:
    """Return the lowest threshold from which on no world has too many wrong heirs, else None."""
    found = None
    for above in sorted(curve, reverse=True):
        wrong = [v for name, v in curve[above].items() if name.startswith("wrong")]
        if max(wrong) > WRONG_A_USER:
            break
        found = above
    return found


def _learn_past(model: LPMModel, folder: Path) -> None:
    config = model.config
    config.past = True
    model.projector.config = config.projector
    asked = questions(QUESTION_USERS, seed=0)
    states: list[torch.Tensor] = []
    for start in range(0, len(asked), _BATCH):
        texts = [question.text for question in asked[start : start + _BATCH]]
        made, mask = encode_queries(model.backbone, texts, config.query_kind, config.layers)
        states += [row[own].bfloat16() for row, own in zip(made.cpu(), mask.cpu(), strict=True)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = model.past = Past(config.feature_dim)
    loss = PastLoss(head, states, [question.past for question in asked])
    Stage("past", named(past=head), PAST_STAGE, folder).run(loss)
    with torch.no_grad():
        head.say.bias.sub_(PAST_MARGIN)


@torch.no_grad()
def about_of(model: LPMModel, told: Sequence[Statement]) -> torch.Tensor:
    """Return what each statement's chunk is about."""
    chunks = [Chunk("s", index, s.text, s.context) for index, s in enumerate(told)]
    made = []
    for start in range(0, len(chunks), _BATCH):
        part = chunks[start : start + _BATCH]
        features = chunk_features(model.backbone, part, model.config.seen_layers)
        made.append(model.writer.about(features.states, features.mask))
    return torch.cat(made)


def _of_changed(model: LPMModel, made: ChangedUser) -> Calibration:
    return _written(model, made.user, made.one_of_two, frozenset(made.changes))


def _of_corpus(model: LPMModel, user: SyntheticUser) -> Calibration:
    facts = facts_by_turn(user.questions)

    def right(older: Place, newer: Place) -> bool:
        return bool(facts.get(older, set()) & facts.get(newer, set()))

    return _written(model, user, right, frozenset())


def _written(
    model: LPMModel, user: SyntheticUser, right: Judge, changes: frozenset[tuple[Place, Place]]
) -> Calibration:
    chunks = chunk_history(user.history)
    written = write_slots(model, chunks, model.config.num_slots).as_written()
    order = told_in_order(written, session_times((), user.history))
    return Calibration(written, order, right, changes)


def _figures(
    model: LPMModel, groups: Mapping[str, Sequence[Calibration]], above: float
) -> dict[str, float]:
    """Return wrong heirs a user in each world, and the share of changes that were found."""
    model.config.supersede_above = above
    figures, found, changes = {}, 0, 0
    for name, users in groups.items():
        wrong = 0
        for user in users:
            heirs = superseded(model, user.written, user.order)
            places = [(s[0].session_id, s[0].turn) for s in user.written.provenance]
            pairs = {(places[older], places[newer]) for older, newer in heirs.items()}
            wrong += sum(not user.right(*pair) for pair in pairs)
            found += len(pairs & user.changes)
            changes += len(user.changes)
        figures[f"wrong, {name}"] = wrong / len(users)
    return {**figures, "changes found": found / changes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--backbone", default=EMBEDDED)
    options = parser.parse_args()
    model = LPMModel.from_pretrained(options.model, dtype=torch.float32)
    model.train(False)
    model.attach(Backbone.load(options.backbone))
    figures = calibrate(model, options.model.parent)
    model.save_pretrained(options.model)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
