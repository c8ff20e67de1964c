"""What every trained method is taught from raw history: pairs by self-study, the same for all."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from lpm.backbone import Backbone
from lpm.chunking import Chunk, chunk_history
from lpm.errors import HistoryError
from lpm.learning.self_study import SelfStudyConfig, ask_and_answer
from lpm.methods.settings import require_at_least
from lpm.modeling import LPMModel
from lpm.types import History, QuestionAnswer
from lpm.writing import write_slots


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a method that is trained by self-study.

    steps: optimiser steps. learning_rate: of the method, decaying linearly to a tenth. chunks: how
    many of the history are studied; questions_per_chunk: asked about each.
    """

    steps: int = 100
    learning_rate: float = 0.01
    chunks: int = 32
    questions_per_chunk: int = 2

    def __post_init__(self) -> None:
        require_at_least(self, steps=1, chunks=1, questions_per_chunk=1, learning_rate=1e-12)


class Studies:
    """What the backbone asks and answers about histories, made once for all methods."""

    def __init__(
        self, backbone: Backbone, model: LPMModel | None = None, folder: Path | None = None
    ) -> None:
        """model: with it, the chunks its writer finds most salient are studied; else evenly spread.

        folder: where studies are kept beyond this process.
        """
        self.backbone = backbone
        self.model = model
        self._folder = folder
        self._made: dict[str, list[QuestionAnswer]] = {}

    def pairs(
        self, history: History, settings: TrainingSettings, seed: int
    ) -> list[QuestionAnswer]:
        """Return the pairs of a history; raises HistoryError when there was nothing to ask."""
        key = self._key(history, settings, seed)
        if key not in self._made:
            self._made[key] = self._read(key) or self._make(history, settings, seed)
            self._write(key, self._made[key])
        return self._made[key]

    def _key(self, history: History, settings: TrainingSettings, seed: int) -> str:
        parts = [
            self.backbone.fingerprint,
            "" if self.model is None else self.model.fingerprint,
            [session.content_hash() for session in history.sessions],
            settings.chunks,
            settings.questions_per_chunk,
            seed,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def _make(
        self, history: History, settings: TrainingSettings, seed: int
    ) -> list[QuestionAnswer]:
        chunks = chunk_history(history)
        if self.model is not None and len(chunks) > settings.chunks:
            chunks = list(write_slots(self.model, chunks, settings.chunks).chunks)
        config = SelfStudyConfig(
            questions_per_chunk=settings.questions_per_chunk,
            batch_size=16 if self.backbone.device.type == "cpu" else 128,
            seed=seed,
        )
        found = ask_and_answer(self.backbone, _spread(chunks, settings.chunks), config)
        if not found:
            raise HistoryError(
                "Self-study of this history gave no question, so there is nothing to train on; "
                "give a history with more that the user says."
            )
        return [QuestionAnswer(pair.question, pair.answer) for pair in found]

    def _read(self, key: str) -> list[QuestionAnswer]:
        if self._folder is None or not (self._folder / f"{key}.json").is_file():
            return []
        text = (self._folder / f"{key}.json").read_text(encoding="utf-8")
        return [QuestionAnswer(*pair) for pair in json.loads(text)]

    def _write(self, key: str, pairs: list[QuestionAnswer]) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        # Other processes may study the same history.
        part = self._folder / f"{key}.{os.getpid()}.part"
        plain = [[pair.question, pair.answer] for pair in pairs]
        part.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
        part.replace(self._folder / f"{key}.json")


def _spread(chunks: list[Chunk], count: int) -> list[Chunk]:
    if len(chunks) <= count:
        return chunks
    return [chunks[index * len(chunks) // count] for index in range(count)]
