"""Turn synthetic users into what the stages of training see."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

import torch
from corpus import FIRST_SEED, corpus_user, told_elsewhere
from dialogue import dialogue_user, told_by_the_other

from lpm.benchmarks.synthetic import Label, SyntheticQuestion, SyntheticUser, generate_user
from lpm.chunking import Chunk, chunk_history
from lpm.learning.looking import LookingUser
from lpm.learning.preparation import Worth, looking_user, worthy_tokens
from lpm.learning.speaking import ABSTENTION, Spoken
from lpm.methods.latent_memory import distinct_answers
from lpm.modeling import LPMModel
from lpm.types import QuestionAnswer

# These kinds are answered from what was liked, not by repeating a string of the chunk.
_GUESSABLE = ("suggest", "generaliz", "provide", "recommend")
_DERIVED_KINDS = ("suggest", "generaliz", "recommend")
PLAIN_KIND = "recalling_facts_mentioned_by_the_user"
OTHER_SEEDS = 500_000
_ROLES = ("now", "before", "why")
FIRST_DIALOGUE_SEED = 2_000_000
NEVER_TOLD_SHARE = 0.06
SOMETHING_ELSE_SHARE = 0.08
RANDOM_PHRASE_SHARE = 0.4
NOISY_SHARE = 0.3
CORPUS_SHARE = 0.4
DIALOGUE_SHARE = 0.2
WRAPPED_SHARE = 0.3
WRAPPERS = (
    "Please answer briefly. {question}",
    "{question} Reply with the exact words if you can.",
    "Question: {question}\nShort answer:",
    "Use what you know about me.\n\n{question}",
    "Answer the following in as few words as possible, without a full sentence.\n\n{question}",
    "From what was said earlier, give a short answer. If it was never said, say so.\n\n{question}",
    "I will ask you something about our past talks. Keep it short and do not guess: {question}",
    "{question} Only a name, a place or a few words, please.",
)


def from_history(
    model: LPMModel, user: SyntheticUser, num_questions: int, untold: Sequence[str] = ()
) -> LookingUser:
    """Prepare a user's raw history, a random part of the questions about it, and untold ones."""
    chunks = chunk_history(user.history)
    questions = _some((*user.practice, *user.questions), num_questions, user.user_id)
    worth = [worth_of(user.turn_labels[chunk.session_id, chunk.turn]) for chunk in chunks]
    evidence = torch.tensor([[holds(chunk, q, user) for chunk in chunks] for q in questions])
    return _prepared(model, chunks, worth, questions, evidence, untold)


def never_told(user: SyntheticUser, count: int) -> list[str]:
    """Return questions about facts that a user of the training world did not tell."""
    seed = int(user.user_id.rpartition("-")[2])
    dice = random.Random(seed)
    if seed >= FIRST_DIALOGUE_SEED:
        return told_by_the_other(user, dice, count)
    if seed >= FIRST_SEED:
        return told_elsewhere(user, dice, count)
    told_facts = {q.fact_id for q in (*user.practice, *user.questions)}
    # Only plain facts: a preference that was never told may still be guessed from another.
    other = generate_user(seed + OTHER_SEEDS, "train").practice
    asked = [q.question for q in other if q.fact_id not in told_facts and q.kind == PLAIN_KIND]
    return dice.sample(asked, min(count, len(asked)))


def from_pairs(model: LPMModel, user: SyntheticUser, num_questions: int) -> LookingUser:
    """Prepare a user of whom only question-answer pairs are given, asked in other words."""
    pairs = [QuestionAnswer(q.question, q.answer) for q in user.practice]
    answers = list(dict.fromkeys(pair.answer for pair in pairs))
    questions = _some(user.questions, num_questions, user.user_id)
    evidence = torch.tensor([[answer == q.answer for answer in answers] for q in questions])
    worth = [[(answer, 0)] for answer in answers]
    return _prepared(model, distinct_answers(pairs), worth, questions, evidence)


def worth_of(labels: Sequence[Label]) -> list[Worth]:
    """Return labels with the numbers of their roles."""
    return [(label.text, _ROLES.index(label.role)) for label in labels]


def holds(chunk: Chunk, question: SyntheticQuestion, user: SyntheticUser) -> bool:
    """Say whether a chunk is of an evidence turn and names part of the answer.

    Some kinds are answered from what is liked now, without repeating it.
    """
    place = (chunk.session_id, chunk.turn)
    if place not in question.evidence:
        return False
    parts = [part.strip() for text in question.accepted for part in text.split(" + ")]
    parts += question.rejected
    if any(word in question.kind for word in _DERIVED_KINDS):
        parts += [label.text for label in user.turn_labels[place] if label.role == "now"]
    return any(part.lower() in chunk.text.lower() for part in parts)


def _prepared(
    model: LPMModel,
    chunks: Sequence[Chunk],
    worth: Sequence[Sequence[Worth]],
    questions: Sequence[SyntheticQuestion],
    evidence: torch.Tensor,
    untold: Sequence[str] = (),
) -> LookingUser:
    asked = [q.question for q in questions]
    facts = [q.fact_id for q in questions]
    return looking_user(model, chunks, worth, asked, evidence, facts, untold)


def _some(
    questions: Sequence[SyntheticQuestion], count: int, seed: str
) -> Sequence[SyntheticQuestion]:
    if count >= len(questions):
        return questions
    return random.Random(seed).sample(list(questions), count)


def next_seed(generator: torch.Generator) -> int:
    """Draw a seed for Python's dice."""
    return int(torch.randint(0, 2**62, (1,), generator=generator))


class Speech:
    """An endless supply of questions, answers and the tokens that answer them.

    Many of the values are swapped for random words and made-up names, in chunk and answer alike:
    the LLM then cannot know the answer but by reading the rows. Some slots hold a few tokens too
    many, as a writer's will, some questions are about what was never told, where the slot is empty
    or tells something else, and some stand in an instruction.
    """

    def __init__(self, model: LPMModel, *, users: int) -> None:
        self.model = model
        self.users = users
        vocabulary = sorted(model.backbone.tokenizer.get_vocab())
        self.words = [p[1:] for p in vocabulary if re.fullmatch("Ġ[A-Za-z]{3,10}", p)]
        self.syllables = [p for p in vocabulary if re.fullmatch("[a-z]{2,4}", p)]

    def __call__(self, count: int, generator: torch.Generator) -> list[Spoken]:
        """Draw examples."""
        return self.drawn(count, next_seed(generator))

    def drawn(self, count: int, seed: int) -> list[Spoken]:
        """Draw the examples of a seed."""
        dice = random.Random(seed)
        drawn: list[Spoken] = []
        while len(drawn) < count:
            example = self._one(dice)
            if example:
                drawn.append(example)
        return drawn

    def _one(self, dice: random.Random) -> Spoken | None:
        everything = told(self._seed(dice))
        question, chunk, labels = dice.choice(everything)
        text, answer, asked = chunk.text, question.answer, question.question
        if dice.random() < WRAPPED_SHARE:
            asked = dice.choice(WRAPPERS).format(question=asked)
        if dice.random() < RANDOM_PHRASE_SHARE:
            values = [x.text for x in labels if x.text in answer and x.text in text]
            if not values or question.kind.startswith("suggest"):
                return None
            for value in values:
                new = self._phrase(dice)
                text, answer = text.replace(value, new), answer.replace(value, new)
                labels = tuple(Label(x.text.replace(value, new), x.role) for x in labels)
        untold = dice.random()
        if untold < NEVER_TOLD_SHARE:
            return Spoken(asked, ABSTENTION, ())
        if untold < NEVER_TOLD_SHARE + SOMETHING_ELSE_SHARE:
            other, elsewhere, held = dice.choice(everything)
            if other.fact_id == question.fact_id or question.kind.startswith(_GUESSABLE):
                return None
            answer, text, labels = ABSTENTION, elsewhere.text, held
        spans = worth_of(labels)
        if dice.random() < NOISY_SHARE:
            noise = dice.sample(text.split(), min(len(text.split()), dice.randint(1, 3)))
            spans += [(word, 0) for word in noise]
        tokens = worthy_tokens(self.model, text, spans)
        return Spoken(asked, answer, tokens) if tokens else None

    def _seed(self, dice: random.Random) -> int:
        kind, user = dice.random(), dice.randrange(self.users)
        if kind < CORPUS_SHARE:
            return FIRST_SEED + user
        return user + (FIRST_DIALOGUE_SEED if kind < CORPUS_SHARE + DIALOGUE_SHARE else 0)

    def _phrase(self, dice: random.Random) -> str:
        return " ".join(self._word(dice) for _ in range(dice.choice([1, 1, 2, 2, 3])))

    def _word(self, dice: random.Random) -> str:
        kind = dice.random()
        if kind < 0.45:
            return dice.choice(self.words)
        if kind < 0.9:
            name = "".join(dice.choice(self.syllables) for _ in range(dice.randint(2, 3)))
            return name.capitalize() if dice.random() < 0.8 else name
        return str(dice.randint(1, 9999))


Told = tuple[SyntheticQuestion, Chunk, tuple[Label, ...]]


@lru_cache(maxsize=4096)
def told(seed: int) -> tuple[Told, ...]:
    """Return each question of a training user with the newest chunk that answers it."""
    return evidence_of(training_user(seed), practice=True)


def training_user(seed: int) -> SyntheticUser:
    """Return a generated user, from `FIRST_SEED` on one of the corpus, then two friends."""
    if seed >= FIRST_DIALOGUE_SEED:
        return dialogue_user(seed)
    return corpus_user(seed) if seed >= FIRST_SEED else generate_user(seed, "train")


def evidence_of(user: SyntheticUser, *, practice: bool) -> tuple[Told, ...]:
    """Return each question of a user with the newest chunk that answers it, and its labels."""
    chunks = chunk_history(user.history)
    found = []
    for question in (*user.practice, *user.questions) if practice else user.questions:
        held = [chunk for chunk in chunks if holds(chunk, question, user)]
        if held:
            labels = user.turn_labels[(held[-1].session_id, held[-1].turn)]
            found.append((question, held[-1], labels))
    return tuple(found)
