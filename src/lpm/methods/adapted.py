"""LoRA and prompt tuning from raw history, by the pairs of self-study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lpm.methods.contract import Cost, Request
from lpm.methods.lora import Lora, LoraSettings
from lpm.methods.plain import text_reading
from lpm.methods.prompt_tuning import Initialisation, PromptTuning, PromptTuningConfig
from lpm.methods.reading import Reading
from lpm.methods.responder import Responder
from lpm.methods.settings import require_at_least
from lpm.methods.studied import Studies, TrainingSettings
from lpm.nn.injection import build_prompt
from lpm.types import History


@dataclass(frozen=True)
class LoraTrainingSettings(TrainingSettings):
    """The same, with the rank of the adapters."""

    learning_rate: float = LoraSettings().learning_rate
    rank: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, rank=1)


@dataclass(frozen=True)
class PromptTrainingSettings(TrainingSettings):
    """The same, with the number of rows and what they start as."""

    num_tokens: int = 16
    initialisation: Initialisation = "vocabulary"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, num_tokens=1)


class AdaptedLora(Responder):
    """An adapter on all linear layers for each user."""

    name = "lora"

    def __init__(self, studies: Studies, settings: LoraTrainingSettings) -> None:
        super().__init__(studies.backbone)
        self.studies = studies
        self.settings = settings
        self.lora = Lora(
            self.backbone, LoraSettings(rank=settings.rank, learning_rate=settings.learning_rate)
        )

    def learn(self, history: History, seed: int) -> None:
        """Train a fresh adapter."""
        pairs = self.studies.pairs(history, self.settings, seed)
        self.lora.fit(pairs, steps=self.settings.steps, seed=seed)
        self.reader = self.lora.adapted

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Read each request as it stands."""
        return [text_reading(self.backbone, request.messages) for request in requests]

    def count(self) -> Cost:
        """Count the adapter."""
        floats = self.lora.params_per_user
        return Cost(floats, 0, 4 * floats)


class TunedPrompt(Responder):
    """The same learnt rows before every message."""

    name = "prompt-tuning"

    def __init__(self, studies: Studies, settings: PromptTrainingSettings) -> None:
        super().__init__(studies.backbone)
        self.studies = studies
        self.settings = settings
        self.tuned = PromptTuning(
            self.backbone,
            PromptTuningConfig(
                num_tokens=settings.num_tokens,
                learning_rate=settings.learning_rate,
                initialisation=settings.initialisation,
            ),
        )

    def learn(self, history: History, seed: int) -> None:
        """Fit fresh rows."""
        pairs = self.studies.pairs(history, self.settings, seed)
        self.tuned.fit(pairs, steps=self.settings.steps, seed=seed)

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Put the rows before each newest message."""
        return [
            Reading(
                build_prompt(self.backbone, list(request.messages), "message", rows=True),
                self.tuned.rows,
            )
            for request in requests
        ]

    def count(self) -> Cost:
        """Count the rows."""
        floats = self.tuned.params_per_user
        return Cost(floats, 0, 4 * floats)
