"""The object people use: one frozen LLM that remembers many users."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence, Sized
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from torch import Tensor

from lpm import answering, revising
from lpm.answering import MODES, Mode, Sampling, check_message
from lpm.backbone import EMBEDDED, Backbone, Quantization
from lpm.checked_store import CheckedStore
from lpm.errors import ExpiryError, InputError, LPMError
from lpm.forgetting import ErasureReceipt, forget_user
from lpm.inspection import MemoryChanges, changes, explain_message, view_slots
from lpm.learning.fit import Progress
from lpm.memory import Memory, validate_user
from lpm.modeling import LPMModel, load_shared
from lpm.nn.injection import Prompt
from lpm.store import MemoryStore, VersionSummary, open_store
from lpm.types import (
    Answer,
    Explanation,
    History,
    KeepHistory,
    MemoryView,
    Message,
    RememberReport,
    UserSummary,
)

__all__ = ["MODES", "LatentPersonalMemory", "Mode"]

UNTRAINED_STEPS = 60
"""Of refining, where no trained writer is at hand."""
_EXPIRED_AT_ONCE = 1000


class LatentPersonalMemory:
    """Remember users, answer from their memories, show and forget them.

    Safe to use from several threads: one call at a time runs on the backbone.
    """

    def __init__(self, store: MemoryStore, model: LPMModel, *, seed: int = 0) -> None:
        self.store = store
        self.model = model
        self.seed = seed
        self._memories = CheckedStore.for_model(store, model)
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls,
        home: Path | str | None = None,
        *,
        backbone: str = EMBEDDED,
        device: str | None = None,
        projector: Path | str | None = None,
        quantize: Quantization | None = None,
        seed: int = 0,
    ) -> Self:
        """Open the memories under `home` with a backbone and its projector.

        home: a folder, made when absent, or any other place of `open_store`; the user's data folder
        by default.
        """
        store = open_store(home)
        try:
            loaded = Backbone.load(backbone, device=device, quantize=quantize)
            return cls(store, load_shared(projector, loaded, seed=seed), seed=seed)
        except BaseException:
            store.close()
            raise

    @property
    def backbone(self) -> Backbone:
        """Return the frozen LLM."""
        return self.model.backbone

    def remember(
        self,
        user: str,
        history: History | Sequence[Message],
        *,
        refine_steps: int | None = None,
        keep_history: KeepHistory = "full",
        expires_at: datetime | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> RememberReport:
        """Add sessions to a user's memory; sessions already known change nothing.

        refine_steps: gradient steps of self-study after the writer's pass; by default none where a
        trained writer is at hand, 60 elsewhere. keep_history: what is stored of the sessions beside
        the slots: their text, only hashes, or nothing; slots learnt from text that is not kept are
        carried along as they are. expires_at: when `expire` forgets these sessions. dry_run: report
        what would change and store nothing. Raises HistoryError without user turns.
        """
        validate_user(user)
        begin = time.perf_counter()
        given = revising.told(history)
        with self._lock:
            return revising.remember(
                self.model,
                self._memories,
                user,
                given,
                steps=self._default_steps if refine_steps is None else refine_steps,
                seed=self.seed,
                keep_history=keep_history,
                expires_at=expires_at,
                dry_run=dry_run,
                progress=progress,
                begin=begin,
            )

    @property
    def _default_steps(self) -> int:
        return 0 if self.model.config.trained else UNTRAINED_STEPS

    def answer(self, user: str, message: str, **options: object) -> Answer:
        """Answer one message; options as in `chat`."""
        return self.chat(user, [{"role": "user", "content": message}], **options)  # type: ignore[arg-type]

    def chat(
        self,
        user: str,
        messages: Sequence[Message],
        *,
        mode: Mode = "memory",
        max_new_tokens: int = 48,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        static_read: bool = False,
    ) -> Answer:
        """Answer the newest user message of a chat.

        mode: from the memory, without it, or with the whole history in the context (its newest
        turns that fit). static_read: read the memory for the chat's first message only, so that
        rows and KV-cache stay the same for the whole conversation. Raises UnknownUserError when
        the mode needs a memory and there is none.
        """
        begin = time.perf_counter()
        sampling = Sampling(
            max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed
        )
        with self._lock:
            return answering.answer(
                self.model,
                self._memories,
                user,
                messages,
                mode,
                sampling,
                static_read=static_read,
                begin=begin,
            )

    def answer_batch(
        self, requests: Sequence[tuple[str, str]], *, max_new_tokens: int = 48
    ) -> list[str]:
        """Answer one message of each of several users in one batch, greedily."""
        greedy = Sampling(max_new_tokens=max_new_tokens, temperature=0.0, top_p=1.0, seed=0)
        with self._lock:
            readings = [
                self.prepare(user, [{"role": "user", "content": text}], "memory", max_new_tokens)
                for user, text in requests
            ]
            return answering.generate(self.backbone, readings, greedy)

    def stream(
        self,
        user: str,
        messages: Sequence[Message],
        *,
        mode: Mode = "memory",
        max_new_tokens: int = 48,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> Iterator[str]:
        """Yield the answer to a chat piece by piece as it is generated."""
        sampling = Sampling(
            max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed
        )
        with self._lock:
            reading = self.prepare(user, messages, mode, max_new_tokens)
            yield from answering.stream(self.backbone, reading, sampling)

    def explain(self, user: str, message: str, *, answer: str | None = None) -> Explanation:
        """Say which slots a message reads and which sessions taught them, most used first.

        answer: with it, each slot also tells how much likelihood this answer would lose without it.
        """
        check_message(message)
        with self._lock:
            return explain_message(self.model, self._memories.get(user), message, answer)

    def show(self, user: str, *, tell: bool = False) -> MemoryView:
        """Return everything a person can inspect of a memory.

        tell: let the frozen LLM say what it makes of each slot alone.
        """
        with self._lock:
            memory = self._memories.get(user)
            slots = view_slots(self.model, memory, tell=tell)
            summary = self._memories.summary(user)
            return MemoryView(summary, memory.backbone, memory.projector, slots)

    def users(self) -> tuple[UserSummary, ...]:
        """List the stored users."""
        return self.store.users()

    def forget(
        self,
        user: str,
        *,
        session: str | None = None,
        about: str | None = None,
        dry_run: bool = False,
    ) -> ErasureReceipt:
        """Remove a user for good; or one session; or what was said about a topic.

        session: its identifier or content hash. about: words; turns that say one of them go, with
        the replies right after them. Every older version goes too. What is left is learnt anew
        from the kept text; without text the slots that it taught are taken out. dry_run: return
        the receipt and change nothing. Raises InputError when nothing matches.
        """
        if session is not None and about is not None:
            raise InputError("Give `session` or `about`, not both.")
        with self._lock:
            if session is None and about is None:
                return forget_user(self.store, user, dry_run=dry_run)
            return revising.forget_part(
                self.model,
                self._memories,
                user,
                session=session,
                about=about,
                steps=self._default_steps,
                seed=self.seed,
                dry_run=dry_run,
            )

    def expire(self, at: datetime | None = None) -> tuple[ErasureReceipt, ...]:
        """Forget every session whose time has come; return a receipt for each.

        One that cannot be forgotten keeps no other from it. Raises ExpiryError for those at the
        end.
        """
        now, receipts = at or datetime.now(UTC), []
        failed: dict[tuple[str, str], LPMError] = {}
        while due := [item for item in self._expired(now, failed) if item[:2] not in failed]:
            for user, session, _ in due:
                try:
                    receipts.append(self.forget(user, session=session))
                except LPMError as error:
                    failed[user, session] = error
        # What went with another session of its user did not fail.
        left = [(name, failed[user, session]) for user, session, name in self._expired(now, failed)]
        if left:
            name, reason = left[0]
            raise ExpiryError(
                f"{len(left)} sessions are past their time but could not be forgotten, "
                f"{len(receipts)} were; session '{name}': {reason}",
                tuple(receipts),
            )
        return tuple(receipts)

    def _expired(self, now: datetime, failed: Sized) -> list[tuple[str, str, str]]:
        found = self.store.expired(now, limit=_EXPIRED_AT_ONCE + len(failed))
        return [(item.user, item.content_hash, item.session_id) for item in found]

    def history(self, user: str) -> tuple[VersionSummary, ...]:
        """List the stored versions of a memory, oldest first: when and from what each was made."""
        self.store.stamp(user)
        return self.store.version_log(user)

    def changes(self, user: str, old: int, new: int | None = None) -> MemoryChanges:
        """Say which slots came, went and moved between two versions, the newest by default."""
        return changes(self.store.get(user, old), self.store.get(user, new))

    def rollback(self, user: str, version: int) -> UserSummary:
        """Make an old version the newest again; sessions that came later no longer count."""
        with self._lock:
            self._memories.rollback(user, version)
            return self._memories.summary(user)

    def export(self, user: str, path: Path | str) -> UserSummary:
        """Write a user's newest memory to a file (slots and provenance, no conversation text)."""
        self.store.get(user).save(Path(path))
        return self._memories.summary(user)

    def import_(self, path: Path | str) -> UserSummary:
        """Store an exported memory; refuses users already stored and other backbones."""
        memory = Memory.load(Path(path))
        with self._lock:
            self._memories.add(memory)
        return self._memories.summary(memory.user)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def prepare(
        self,
        user: str,
        messages: Sequence[Message],
        mode: Mode,
        max_new_tokens: int,
        static_read: bool = False,
    ) -> tuple[Prompt, Tensor | None]:
        """Return the prompt of a chat and the rows of the memory, None in other modes.

        Arguments as in `chat`. Raises UnknownUserError when the mode needs a memory and there is
        none.
        """
        return answering.prepare(
            self.model, self._memories, user, messages, mode, max_new_tokens, static_read
        )
