"""LPM from raw history: slots written in one pass, fitted where steps are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from lpm import remembering
from lpm.dating import Provenance, SessionDates, with_date
from lpm.learning.speaking import ABSTENTION
from lpm.methods.contract import Cost, Reply, Request
from lpm.methods.plain import text_reading
from lpm.methods.reading import Reading
from lpm.methods.responder import Responder
from lpm.methods.retrieval import BM25, RetrievalSettings
from lpm.methods.settings import require_at_least
from lpm.modeling import LPMModel
from lpm.nn.injection import build_prompt
from lpm.prompting import before_message
from lpm.types import History, Message


@dataclass(frozen=True)
class LatentSettings:
    """num_slots of a memory; refine_steps of self-study after the writer, at learning_rate."""

    num_slots: int = 32
    refine_steps: int = 0
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        require_at_least(self, num_slots=1, refine_steps=0, learning_rate=1e-12)


@dataclass(frozen=True)
class HybridSettings(LatentSettings):
    """The same, with top_k retrieved turns in the text."""

    top_k: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, top_k=1)


class Latent(Responder):
    """Soft-prompt rows read from the user's slots, before the newest message's text."""

    name = "lpm"

    def __init__(self, model: LPMModel, settings: LatentSettings) -> None:
        super().__init__(model.backbone)
        self.model = model
        self.settings = settings
        self.slots: Float[Tensor, "groups slots slot_dim"] | None = None
        self._provenance: Provenance = ()
        self._dates: SessionDates = {}

    def learn(self, history: History, seed: int) -> None:
        """Learn as the product does; a history without user text gives no slots.

        Raises KeyboardInterrupt where refining was stopped: half of it is no measurement.
        """
        settings = self.settings
        learnt = remembering.learn(
            self.model,
            history,
            None,
            steps=settings.refine_steps,
            seed=seed,
            num_slots=settings.num_slots,
            learning_rate=settings.learning_rate,
        )
        self.slots, self._provenance, self._dates = None, (), {}
        if learnt is not None:
            if learnt.interrupted:
                raise KeyboardInterrupt
            self.slots, self._provenance = learnt.read.slots, learnt.read.provenance
            self._dates = dict(remembering.session_times((), history))

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Read the slots by each request's query, and put the rows before the newest message."""
        if self.slots is None:
            return [text_reading(self.backbone, request.messages) for request in requests]
        return self.with_rows(requests, [list(request.messages) for request in requests])

    def answer(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer; where the sink was read, in the words that a request has for that."""
        return [
            replace(reply, text=request.not_told)
            if request.not_told and reply.text.startswith(ABSTENTION)
            else reply
            for request, reply in zip(requests, super().answer(requests), strict=True)
        ]

    @torch.no_grad()
    def with_rows(
        self, requests: Sequence[Request], chats: Sequence[list[Message]]
    ) -> list[Reading]:
        """Return a reading of each chat with the rows that its request's query reads."""
        if self.slots is None:
            return [text_reading(self.backbone, chat) for chat in chats]
        queries = self.model.queries([request.about for request in requests])
        slots = self.slots[None].expand(len(requests), -1, -1, -1)
        rows, attention = self.model.projector(slots, queries)
        placement = self.model.config.placement
        dated = [
            with_date(chat, request.about, own, self._provenance, self._dates)
            for chat, request, own in zip(chats, requests, attention, strict=True)
        ]
        return [
            Reading(build_prompt(self.backbone, chat, placement, rows=True), own)
            for chat, own in zip(dated, rows, strict=True)
        ]

    def count(self) -> Cost:
        """Count the slots' floats, the shared weights, and four bytes a float."""
        floats = 0 if self.slots is None else self.slots.numel()
        shared = sum(parameter.numel() for parameter in self.model.parameters())
        return Cost(floats, shared, 4 * floats)


class EmptyMemory(Latent):
    """The control with a memory that holds nothing: no rows, so the plain backbone."""

    name = "empty-memory"

    def learn(self, history: History, seed: int) -> None:
        """Learn nothing."""
        self.slots = None


class Hybrid(Latent):
    """The soft prompt, and the turns that BM25 retrieves as text."""

    name = "hybrid"

    def __init__(self, model: LPMModel, settings: HybridSettings) -> None:
        super().__init__(model, settings)
        self.retrieval = BM25(model.backbone, RetrievalSettings(top_k=settings.top_k))

    def learn(self, history: History, seed: int) -> None:
        """Write the slots and index the turns."""
        super().learn(history, seed)
        self.retrieval.learn(history, seed)

    def read(self, requests: Sequence[Request]) -> list[Reading]:
        """Read rows and retrieved text."""
        retrieved = self.retrieval.retrieved(requests)
        chats = [
            before_message(lines, request.messages)
            for request, lines in zip(requests, retrieved, strict=True)
        ]
        return self.with_rows(requests, chats)

    def count(self) -> Cost:
        """Count the slots and the text."""
        slots, text = super().count(), self.retrieval.count()
        return Cost(
            slots.params_per_user, slots.params_shared, slots.bytes_per_user + text.bytes_per_user
        )
