"""What all routes share: the shared weights, one view of the store a tenant, the engine."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from fastapi.concurrency import run_in_threadpool

from lpm.answering import Reading
from lpm.errors import InputError, UnknownUserError
from lpm.model import LatentPersonalMemory
from lpm.modeling import LPMModel
from lpm.server.access import Access
from lpm.server.engine import Engine
from lpm.server.gathering import Gathered
from lpm.server.metrics import Metrics
from lpm.server.reading import MOST_TOGETHER, Asked, Reader
from lpm.server.settings import ServerSettings
from lpm.server.worker import Worker
from lpm.store import MemoryStore
from lpm.store.tracing import span
from lpm.types import Message


class Service:
    """The parts of a running server. draining: it stops, and others should be asked."""

    def __init__(
        self,
        settings: ServerSettings,
        store: MemoryStore,
        model: LPMModel,
        engine: Engine,
        access: Access,
    ) -> None:
        self.settings = settings
        self.store = store
        self.model = model
        self.engine = engine
        self.access = access
        self.metrics = Metrics(self)
        self.worker = Worker(store, model, threads=settings.workers, tell=self.metrics.count_job)
        self.model_id = model.backbone.name
        self.draining = False
        self._tenants: dict[str, LatentPersonalMemory] = {}
        self._lock = threading.Lock()
        self._together: Gathered[Asked, Reading] = Gathered(
            Reader(store, model).read, most=MOST_TOGETHER, name="lpm-reading"
        )

    def close(self) -> None:
        """Let go of threads and store; nothing may be asked any more."""
        self._together.close()
        self.store.close()

    def memories(self, tenant: str) -> LatentPersonalMemory:
        """Return the memories of a tenant's users."""
        with self._lock:
            if tenant not in self._tenants:
                view = self.store.for_tenant(tenant)
                self._tenants[tenant] = LatentPersonalMemory(view, self.model)
            return self._tenants[tenant]

    async def read(
        self, tenant: str, user: str | None, messages: list[Message], mode: str, max_tokens: int
    ) -> Reading:
        """Return what the backbone reads for a chat, as `read_alone`; short ones go together."""
        asked = None if user is None else Asked(tenant, user, messages)
        alone = asked is None or mode != "memory" or not asked.is_short
        if asked is None or alone or self._may_be_long(asked.texts, max_tokens):
            return await run_in_threadpool(
                self.read_alone, tenant, user, messages, mode, max_tokens
            )
        with span("lpm.read"):
            made = await self._together(asked)
        self._check_room(made, max_tokens)
        return made

    def read_alone(
        self, tenant: str, user: str | None, messages: list[Message], mode: str, max_tokens: int
    ) -> Reading:
        """Return what the backbone reads for a chat; who is not known yet has no memory.

        Raises InputError when it does not fit the backbone's context.
        """
        self.check_length([message["content"] for message in messages], max_tokens)
        with span("lpm.read"):
            made = self._read(tenant, user, messages, mode, max_tokens)
        self._check_room(made, max_tokens)
        return made

    def _check_room(self, reading: Reading, max_tokens: int) -> None:
        prompt, rows = reading
        self.check_room(prompt.num_tokens + (0 if rows is None else len(rows)), max_tokens)

    def _read(
        self, tenant: str, user: str | None, messages: list[Message], mode: str, max_tokens: int
    ) -> Reading:
        memories = self.memories(tenant)
        if user is None or mode == "no-memory":
            return memories.prepare("", messages, "no-memory", max_tokens)
        try:
            return memories.prepare(user, messages, mode, max_tokens)  # type: ignore[arg-type]
        except UnknownUserError:
            return memories.prepare("", messages, "no-memory", max_tokens)

    def check_length(self, texts: Sequence[str], max_tokens: int = 0) -> None:
        """Raise InputError for texts beyond the context, before the backbone reads any of them."""
        if not self._may_be_long(texts, max_tokens):
            return
        encode = self.model.backbone.tokenizer.encode
        self.check_room(sum(len(encode(text)) for text in texts), max_tokens)

    def _may_be_long(self, texts: Sequence[str], max_tokens: int) -> bool:
        # A token is a byte or more, so most texts need no counting.
        size_bytes = sum(len(text.encode("utf-8", "replace")) for text in texts)
        return size_bytes > self._context - max_tokens

    def check_room(self, tokens: int, max_tokens: int) -> None:
        """Raise InputError unless tokens and answer fit the backbone's context."""
        most = self._context
        if tokens + max_tokens > most:
            raise InputError(
                f"The messages take {tokens} tokens and the answer up to {max_tokens}, but the "
                f"model's context is {most}; shorten one of them."
            )

    @property
    def _context(self) -> int:
        return self.model.backbone.max_context_tokens

    def limit(self, asked: int | None) -> int:
        """Return how long an answer may be; raises InputError beyond the server's own limit."""
        most = self.settings.max_tokens
        if asked is not None and asked > most:
            raise InputError(f"`max_tokens` is at most {most} here, but is {asked}.")
        return asked or min(256, most)
