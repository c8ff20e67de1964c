"""Turn synthetic users into training users."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch

from lpm.benchmarks.synthetic import SyntheticQuestion, SyntheticUser
from lpm.chunking import Chunk, chunk_history
from lpm.learning.joint import TrainingUser
from lpm.learning.preparation import training_user
from lpm.methods.latent_memory import distinct_answers
from lpm.modeling import LPMModel
from lpm.types import QuestionAnswer

QUERY_LAYER = 8
# These kinds are answered from what was liked, not by repeating a string of the chunk.
_DERIVED_KINDS = ("suggest", "generaliz", "recommend")


def from_synthetic(
    model: LPMModel, user: SyntheticUser, *, num_questions: int | None = None
) -> TrainingUser:
    """Prepare a generated user's raw history.

    num_questions: a random part of the questions of both phrasing sets; None takes them all.
    """
    chunks = chunk_history(user.history)
    questions = _some((*user.practice, *user.questions), num_questions, user.user_id)
    worth = [user.turn_labels.get((chunk.session_id, chunk.turn), ()) for chunk in chunks]
    evidence = torch.tensor([[holds(chunk, q) for chunk in chunks] for q in questions])
    return _prepared(model, chunks, worth, questions, evidence)


def from_pairs(
    model: LPMModel, user: SyntheticUser, *, num_questions: int | None = None
) -> TrainingUser:
    """Prepare a user of whom only question-answer pairs are given, asked in other words."""
    pairs = [QuestionAnswer(q.question, q.answer) for q in user.practice]
    answers = list(dict.fromkeys(pair.answer for pair in pairs))
    questions = _some(user.questions, num_questions, user.user_id)
    evidence = torch.tensor([[answer == q.answer for answer in answers] for q in questions])
    worth = [(answer,) for answer in answers]
    return _prepared(model, distinct_answers(pairs), worth, questions, evidence)


def holds(chunk: Chunk, question: SyntheticQuestion) -> bool:
    """Say whether a chunk is of an evidence turn and names part of the answer."""
    if (chunk.session_id, chunk.turn) not in question.evidence:
        return False
    parts = {part.strip() for text in question.accepted for part in text.split(" + ")}
    said = chunk.text.lower()
    named = any(part.lower() in said for part in (*parts, *question.rejected))
    return named or any(word in question.kind for word in _DERIVED_KINDS)


def _prepared(
    model: LPMModel,
    chunks: Sequence[Chunk],
    worth: Sequence[Sequence[str]],
    questions: Sequence[SyntheticQuestion],
    evidence: torch.Tensor,
) -> TrainingUser:
    pairs = [QuestionAnswer(q.question, q.answer) for q in questions]
    return training_user(model, chunks, worth, pairs, evidence)


def _some(
    questions: Sequence[SyntheticQuestion], count: int | None, seed: str
) -> Sequence[SyntheticQuestion]:
    if count is None or count >= len(questions):
        return questions
    return random.Random(seed).sample(list(questions), count)
