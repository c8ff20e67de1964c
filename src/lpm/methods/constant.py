"""The control `blind-trained`: the same projector, and one constant memory for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lpm.chunking import chunk_history
from lpm.errors import ConfigError, HistoryError
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, fit_slots
from lpm.learning.self_study import question_answer_examples
from lpm.methods.contract import Cost, Request
from lpm.methods.latent import Latent, LatentSettings
from lpm.methods.reading import Reading
from lpm.methods.responder import Responder
from lpm.methods.settings import require_at_least
from lpm.methods.studied import Studies, TrainingSettings
from lpm.modeling import LPMModel
from lpm.types import History, QuestionAnswer
from lpm.writing import write_slots


@dataclass(frozen=True)
class ConstantSettings(TrainingSettings):
    """The same, with the slots of the constant memory; `chunks` are those of each teacher."""

    learning_rate: float = LatentSettings().learning_rate
    num_slots: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, num_slots=1)


class BlindTrained(Responder):
    """Slots fitted once on what other users said; whoever asks, their history changes nothing.

    What it scores above `blind` is what training alone teaches about questions and answers, and no
    memory.
    """

    name = "blind-trained"

    def __init__(self, model: LPMModel, studies: Studies, settings: ConstantSettings) -> None:
        super().__init__(model.backbone)
        self.model = model
        self.studies = studies
        self.settings = settings
        self.memory = Latent(model, LatentSettings(num_slots=settings.num_slots))

    def prepare_once(self, histories: Sequence[History], *, seed: int = 0) -> None:
        """Write the most salient chunks of all histories and fit them to all their self-study."""
        chunks = [chunk for history in histories for chunk in chunk_history(history)]
        if not chunks:
            raise ConfigError(
                f"Method '{self.name}' is taught by other users, but nobody who says anything was "
                "given; give at least one history with text of the user."
            )
        settings = self.settings
        pairs = self._pairs(histories, seed)
        examples = question_answer_examples(self.model, [(p.question, p.answer) for p in pairs])
        fitted = fit_slots(
            self.model.projector,
            AnswerScorer(self.backbone),
            [write_slots(self.model, chunks, settings.num_slots).slots],
            [examples],
            FitConfig(
                steps=settings.steps,
                learning_rate=settings.learning_rate,
                seed=seed,
            ),
        )
        self.memory.slots = fitted.slots[0]

    def _pairs(self, histories: Sequence[History], seed: int) -> list[QuestionAnswer]:
        """Return everybody's self-study; a teacher of whom nothing can be asked teaches nothing."""
        pairs: list[QuestionAnswer] = []
        failed: HistoryError | None = None
        for history in histories:
            try:
                pairs += self.studies.pairs(history, self.settings, seed)
            except HistoryError as error:
                failed = error
        if failed is not None and not pairs:
            raise failed
        return pairs

    def learn(self, history: History, seed: int) -> None:
        """Learn nothing of the user who will ask."""
        if self.memory.slots is None:
            raise ConfigError(
                f"Method '{self.name}' has no constant memory yet; call `prepare_once` with "
                "histories of other users before `prepare`."
            )

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Read the constant memory by each request's query."""
        return self.memory.read(requests)

    def count(self) -> Cost:
        """Count the constant memory among what all users share."""
        memory = self.memory.count()
        return Cost(0, memory.params_shared + memory.params_per_user, 0)
