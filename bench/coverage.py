"""Measure where LoCoMo's evidence is lost: not held by a slot, or held and not read.

    python bench/coverage.py --data FOLDER/locomo10.json --slots 32 45 128

LoCoMo names the turns that answer a question. Of the questions that have an answer, `held` is the
share with such a turn behind some slot; `read` is the share of those whose most attended slot is
one; `by_words` is what choosing the slot by the rare words it shares with the question would give,
with the turns' text at hand. Writes results/training/21-where-evidence-is-lost.json.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

import torch

from lpm.backbone import Backbone, split_batches
from lpm.benchmarks.averages import Scored, average
from lpm.benchmarks.locomo.benchmark import TUNE_CONVERSATIONS, load_named_history
from lpm.benchmarks.results import environment
from lpm.histories import LocomoQuestion, list_locomo_conversations, load_locomo_questions
from lpm.methods.retrieval import BM25, RetrievalSettings
from lpm.modeling import LPMModel, load_shared
from lpm.remembering import learn
from lpm.types import History, Session, Turn

OUT = Path(__file__).resolve().parent.parent / "results" / "training"
_REFERENCE = re.compile(r"D(\d+):(\d+)")
Place = tuple[str, int]


def evidence(question: LocomoQuestion) -> set[Place]:
    """Return the turns that answer a question: session and index."""
    found = (match for text in question.evidence for match in _REFERENCE.finditer(text))
    return {(f"session_{match[1]}", int(match[2]) - 1) for match in found}


@torch.no_grad()
def most_attended(
    model: LPMModel, slots: torch.Tensor, questions: Sequence[LocomoQuestion]
) -> list[int]:
    """Return the slot that all heads together attend to most, for each question."""
    found: list[int] = []
    for part in split_batches(len(questions), 32):
        queries = model.queries([question.question for question in questions[part]])
        shared = slots[None].expand(len(queries), -1, -1, -1)
        attention = model.projector(shared, queries)[1].mean(dim=1)
        found += attention[:, : slots.shape[1]].argmax(dim=1).tolist()
    return found


def by_words(
    backbone: Backbone, texts: Sequence[str], questions: Sequence[LocomoQuestion]
) -> list[int]:
    """Return the text nearest to each question by BM25."""
    index = BM25(backbone, RetrievalSettings())
    index.learn(History((Session("slots", tuple(Turn("user", text) for text in texts)),)), 0)
    return index.relevance([question.question for question in questions]).argmax(dim=1).tolist()


def of_conversation(
    model: LPMModel, path: Path, conversation: str, num_slots: int
) -> dict[str, list[Scored]]:
    """Score one conversation's questions: held, and of those read and found by words."""
    history = load_named_history(path, conversation)
    learnt = learn(model, history, None, steps=0, seed=0, num_slots=num_slots)
    if learnt is None:
        return {}
    held = [
        {(source.session_id, source.turn) for source in sources}
        for sources in learnt.read.provenance
    ]
    said = {
        (s.session_id, i): turn.content for s in history.sessions for i, turn in enumerate(s.turns)
    }
    texts = [" ".join(said[place] for place in sorted(places)) for places in held]
    questions = [
        question
        for question in load_locomo_questions(path, conversation)
        if question.category != 5 and evidence(question)
    ]
    answerable = [bool(evidence(question) & set().union(*held)) for question in questions]
    kept = [question for question, here in zip(questions, answerable, strict=True) if here]
    chosen = {
        "read": most_attended(model, learnt.read.slots, kept),
        "by_words": by_words(model.backbone, texts, kept),
    }
    found = {"held": [Scored("all", conversation, float(here)) for here in answerable]}
    for name, slots in chosen.items():
        found[name] = [
            Scored("all", conversation, float(bool(evidence(question) & held[slot])))
            for question, slot in zip(kept, slots, strict=True)
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--slots", type=int, nargs="+", default=[32, 45, 128])
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    model = load_shared(None, Backbone.load())
    rows = []
    for split in ("tune", "report"):
        conversations = [
            name
            for name in list_locomo_conversations(options.data)
            if (name in TUNE_CONVERSATIONS) == (split == "tune")
        ]
        for num_slots in options.slots:
            parts = [of_conversation(model, options.data, c, num_slots) for c in conversations]
            row: dict[str, object] = {"split": split, "num_slots": num_slots}
            for name in ("held", "read", "by_words"):
                means = average(item for part in parts for item in part.get(name, ()))
                row[name] = {"mean": means.micro, "stderr": means.micro_stderr, "n": means.n}
            rows.append(row)
            print(json.dumps(row), flush=True)
    content = {"kind": "coverage", "rows": rows, "environment": environment()}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "21-where-evidence-is-lost.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
