"""Self-study: the frozen backbone questions itself about each chunk and teaches the memory.

With the chunk in its context the backbone asks a question and answers it; the memory learns to give
the same next-token distribution (the teacher's top k) without the chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lpm.backbone import Backbone, split_batches
from lpm.chunking import Chunk
from lpm.learning.examples import AnswerScorer, Example, build_example
from lpm.learning.fit import FitExample
from lpm.learning.losses import Teacher
from lpm.modeling import LPMModel
from lpm.nn.injection import build_prompt, inject
from lpm.types import History, Message

_ASK = (
    'Someone said: "{text}"\nWrite one short question, in the first person, that this person '
    "could later ask to check what you remember of it. Write only the question."
)
_TELL = 'I told you: "{text}"\n{question} Answer in a few words.'


@dataclass(frozen=True)
class SelfStudyConfig:
    """Settings of self-study: questions a chunk, longest texts in tokens, the teacher's top k."""

    questions_per_chunk: int = 2
    max_question_tokens: int = 24
    max_answer_tokens: int = 12
    top_k: int = 20
    batch_size: int = 16
    seed: int = 0


@dataclass(frozen=True)
class StudyPair:
    """What the backbone asked itself about a chunk and what it answered."""

    chunk: Chunk
    question: str
    answer: str


def study_history(
    model: LPMModel, chunks: Sequence[Chunk], config: SelfStudyConfig
) -> list[FitExample]:
    """Return fit examples with teachers for every chunk that gave a usable question."""
    pairs = ask_and_answer(model.backbone, chunks, config)
    examples: list[FitExample] = []
    scorer = AnswerScorer(model.backbone)
    for part in split_batches(len(pairs), config.batch_size):
        examples += _distil(model, scorer, pairs[part], config.top_k)
    return examples


def ask_and_answer(
    backbone: Backbone, chunks: Sequence[Chunk], config: SelfStudyConfig
) -> list[StudyPair]:
    """Let the backbone ask (the first question greedily, others sampled) and answer."""
    pairs = []
    for repeat in range(config.questions_per_chunk):
        asks = [_ASK.format(text=chunk.text) for chunk in chunks]
        questions = _say(
            backbone,
            asks,
            config,
            config.max_question_tokens,
            0.0 if repeat == 0 else 0.8,
            config.seed + repeat,
        )
        asked = [
            (chunk, _first_question(question))
            for chunk, question in zip(chunks, questions, strict=True)
        ]
        usable = [(chunk, question) for chunk, question in asked if question]
        tells = [_TELL.format(text=chunk.text, question=q) for chunk, q in usable]
        answers = _say(backbone, tells, config, config.max_answer_tokens, 0.0, config.seed)
        pairs += [
            StudyPair(chunk, question, answer)
            for (chunk, question), answer in zip(usable, answers, strict=True)
            if answer
        ]
    return pairs


def _first_question(text: str) -> str:
    head, mark, _ = text.strip().strip("\"'").partition("?")
    return head + mark if mark and len(head.split()) >= 2 else ""


def _say(
    backbone: Backbone,
    texts: Sequence[str],
    config: SelfStudyConfig,
    max_new_tokens: int,
    temperature: float,
    seed: int,
) -> list[str]:
    said: list[str] = []
    for part in split_batches(len(texts), config.batch_size):
        chats: list[list[Message]] = [[{"role": "user", "content": text}] for text in texts[part]]
        prompts = [build_prompt(backbone, chat, "message", rows=False) for chat in chats]
        embeddings, mask = inject(backbone, prompts, [None] * len(prompts))
        tokens = backbone.generate(
            embeddings, mask, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed
        )
        said += backbone.decode(tokens)
    return said


def _distil(
    model: LPMModel, scorer: AnswerScorer, pairs: Sequence[StudyPair], top_k: int
) -> list[FitExample]:
    backbone = model.backbone
    informed = [
        build_example(
            backbone, _TELL.format(text=pair.chunk.text, question=pair.question), pair.answer
        )
        for pair in pairs
    ]
    no_rows = torch.zeros(len(pairs), 0, backbone.hidden_size, device=backbone.device)
    with torch.no_grad():
        scored = scorer(informed, no_rows)
        best = scored.logits.softmax(dim=-1).topk(min(top_k, scored.logits.shape[-1]), dim=-1)
    queries = model.queries([pair.question for pair in pairs])
    examples = []
    for index, pair in enumerate(pairs):
        own = scored.example == index
        teacher = Teacher(best.indices[own].cpu(), best.values[own].cpu())
        student = build_example(backbone, pair.question, pair.answer)
        examples.append(FitExample(student, queries[index], teacher))
    return examples


def next_turn_examples(
    model: LPMModel, history: History, *, max_answer_tokens: int = 32
) -> list[FitExample]:
    """Return examples whose question is a user turn and whose answer is the assistant's reply."""
    pairs = [
        (turn.content, session.turns[index + 1].content)
        for session, index, turn in history.turns()
        if turn.role == "user"
        and index + 1 < len(session.turns)
        and session.turns[index + 1].role == "assistant"
    ]
    if not pairs:
        return []
    queries = model.queries([question for question, _ in pairs])
    examples = []
    for index, (question, answer) in enumerate(pairs):
        made = build_example(model.backbone, question, answer)
        cut = Example(made.prompt, made.answer[:max_answer_tokens])
        examples.append(FitExample(cut, queries[index]))
    return examples


def question_answer_examples(model: LPMModel, pairs: Sequence[tuple[str, str]]) -> list[FitExample]:
    """Return examples of given questions and answers."""
    queries = model.queries([question for question, _ in pairs])
    return [
        FitExample(build_example(model.backbone, question, answer), queries[index])
        for index, (question, answer) in enumerate(pairs)
    ]
