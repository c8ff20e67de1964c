"""The object people use: one frozen LLM that remembers many users."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import torch
from torch import Tensor

from lpm.backbone import EMBEDDED, Backbone, Quantization
from lpm.chunking import chunk_history
from lpm.errors import HistoryError, InputError, UnknownUserError
from lpm.histories import parse_messages
from lpm.inspection.reading import nearest_words
from lpm.learning.examples import AnswerScorer
from lpm.learning.fit import FitConfig, Progress, fit_slots
from lpm.learning.self_study import SelfStudyConfig, next_turn_examples, study_history
from lpm.memory import Memory, SessionRecord, validate_user
from lpm.modeling import LPMModel, load_shared
from lpm.nn.injection import Prompt, build_prompt, inject
from lpm.prompting import full_context_messages
from lpm.store import MemoryStore, open_store
from lpm.types import (
    Answer,
    Explanation,
    ForgetReport,
    History,
    MemoryView,
    Message,
    RememberReport,
    Session,
    SlotUse,
    SlotView,
    UserSummary,
)
from lpm.writing import WrittenSlots, write_slots

Mode = Literal["memory", "no-memory", "full-context"]
MODES: tuple[Mode, ...] = ("memory", "no-memory", "full-context")
MAX_MESSAGE_CHARACTERS = 100_000


class LatentPersonalMemory:
    """Remember users, answer from their memories, show and forget them.

    Safe to use from several threads: one call at a time runs on the backbone.
    """

    def __init__(self, store: MemoryStore, model: LPMModel, *, seed: int = 0) -> None:
        self.store = store
        self.model = model
        self.seed = seed
        self._fingerprint = model.fingerprint
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
        progress: Progress | None = None,
    ) -> RememberReport:
        """Add sessions to a user's memory; sessions already known change nothing.

        refine_steps: gradient steps of self-study after the writer's pass; by default none where a
        trained writer is at hand, 60 elsewhere. Raises HistoryError without user turns.
        """
        validate_user(user)
        begin = time.perf_counter()
        given = history if isinstance(history, History) else parse_messages(list(history))
        if not any(turn.role == "user" for _, _, turn in given.turns()):
            raise HistoryError("The history holds no user turns, so there is nothing to remember.")
        with self._lock:
            old = self._find(user)
            known = {record.content_hash for record in old.sessions} if old else set()
            fresh = [s for s in _distinct(given.sessions) if s.content_hash() not in known]
            if not fresh and old is not None:
                return _report(old, 0, len(given.sessions), (), begin)
            kept = self.store.get_history(user) if old else None
            whole = _merged(kept.sessions if kept else (), fresh)
            steps = self._default_steps() if refine_steps is None else refine_steps
            written, losses = self._learn(whole, steps, progress)
            memory = self._memory(user, old, whole, written)
            self.store.put(memory, fresh)
            skipped = len(given.sessions) - len(fresh)
            return _report(memory, len(fresh), skipped, losses, begin)

    def _default_steps(self) -> int:
        return 0 if self.model.config.trained else 60

    def _learn(
        self, history: History, steps: int, progress: Progress | None
    ) -> tuple[WrittenSlots, tuple[float, ...]]:
        chunks = chunk_history(history)
        written = write_slots(self.model, chunks, self.model.config.num_slots)
        if steps == 0:
            return written, ()
        study = study_history(self.model, written.chunks, SelfStudyConfig(seed=self.seed))
        examples = study or next_turn_examples(self.model, history)
        if not examples:
            return written, ()
        result = fit_slots(
            self.model.projector,
            AnswerScorer(self.backbone),
            [written.slots],
            [examples],
            FitConfig(steps=steps, seed=self.seed),
            progress=progress,
        )
        return WrittenSlots(result.slots[0], written.chunks, written.salience), result.losses

    def _memory(
        self, user: str, old: Memory | None, history: History, written: WrittenSlots
    ) -> Memory:
        sessions = tuple(
            SessionRecord(s.session_id, s.content_hash(), s.time) for s in history.sessions
        )
        slots, provenance = written.slots.contiguous(), written.provenance()
        if old is not None:
            return old.updated(slots=slots, provenance=provenance, sessions=sessions)
        return Memory.create(
            user,
            slots,
            provenance,
            sessions,
            backbone=self.backbone.fingerprint,
            projector=self._fingerprint,
        )

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
        with self._lock:
            prompt, rows = self._prepare(user, messages, mode, max_new_tokens, static_read)
            embeddings, mask = inject(self.backbone, [prompt], [rows])
            tokens = self.backbone.generate(
                embeddings,
                mask,
                max_new_tokens=max_new_tokens,
                temperature=temperature,
                top_p=top_p,
                seed=seed,
            )
            text = self.backbone.decode(tokens)[0]
            num_rows = 0 if rows is None else len(rows)
            per_token = self.backbone.kv_bytes_per_token
            return Answer(
                text=text,
                mode=mode,
                soft_tokens=num_rows,
                prompt_tokens=prompt.num_tokens,
                kv_bytes=(num_rows + prompt.num_tokens) * per_token,
                full_context_kv_bytes=self._full_context_tokens(user, messages) * per_token,
                seconds=time.perf_counter() - begin,
            )

    def answer_batch(
        self, requests: Sequence[tuple[str, str]], *, max_new_tokens: int = 48
    ) -> list[str]:
        """Answer one message of each of several users in one batch, greedily."""
        with self._lock:
            made = [
                self._prepare(user, [{"role": "user", "content": text}], "memory", max_new_tokens)
                for user, text in requests
            ]
            embeddings, mask = inject(
                self.backbone, [prompt for prompt, _ in made], [rows for _, rows in made]
            )
            tokens = self.backbone.generate(embeddings, mask, max_new_tokens=max_new_tokens)
            return self.backbone.decode(tokens)

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
        from transformers import TextIteratorStreamer

        with self._lock:
            prompt, rows = self._prepare(user, messages, mode, max_new_tokens)
            embeddings, mask = inject(self.backbone, [prompt], [rows])
            streamer = TextIteratorStreamer(
                self.backbone.tokenizer, skip_special_tokens=True, timeout=300
            )
            failures: list[BaseException] = []

            def work() -> None:
                try:
                    self.backbone.generate(
                        embeddings,
                        mask,
                        max_new_tokens=max_new_tokens,
                        temperature=temperature,
                        top_p=top_p,
                        seed=seed,
                        streamer=streamer,
                    )
                except BaseException as error:
                    failures.append(error)
                    streamer.end()

            worker = threading.Thread(target=work, daemon=True)
            worker.start()
            yield from (piece for piece in streamer if piece)
            worker.join()
            if failures:
                raise failures[0]

    @torch.no_grad()
    def explain(self, user: str, message: str) -> Explanation:
        """Say which slots a message reads and which sessions taught them, most used first."""
        _check_message(message)
        with self._lock:
            memory = self._get(user)
            query = self.model.queries([message])
            attention = self.model.projector.attend(memory.slots[None], query)[0]
            weights = attention.mean(dim=0)
            order = weights.argsort(descending=True, stable=True).tolist()
            slots = tuple(
                SlotUse(n, float(weights[n]), tuple(attention[:, n].tolist()), memory.provenance[n])
                for n in order
            )
            return Explanation(user, message, slots)

    def show(self, user: str) -> MemoryView:
        """Return everything a person can inspect of a memory."""
        with self._lock:
            memory = self._get(user)
            words = nearest_words(self.model, memory.slots)
            slots = tuple(
                SlotView(n, float(memory.slots[:, n].norm()), words[n], memory.provenance[n])
                for n in range(memory.slots.shape[1])
            )
            (summary,) = [item for item in self.users() if item.user == user]
            return MemoryView(summary, memory.backbone, memory.projector, slots)

    def users(self) -> tuple[UserSummary, ...]:
        """List the stored users."""
        return self.store.users()

    def forget(self, user: str) -> ForgetReport:
        """Remove every version, session and file of a user."""
        with self._lock:
            return self.store.delete(user)

    def export(self, user: str, path: Path | str) -> UserSummary:
        """Write a user's newest memory to a file (slots and provenance, no conversation text)."""
        self.store.get(user).save(Path(path))
        return self._summary(user)

    def import_(self, path: Path | str) -> UserSummary:
        """Store an exported memory; refuses users already stored and other backbones."""
        memory = Memory.load(Path(path))
        self._check(memory)
        with self._lock:
            if self._find(memory.user, checked=False) is not None:
                raise InputError(
                    f"User '{memory.user}' is already stored. Run `lpm forget {memory.user}` first."
                )
            self.store.put(memory.updated(version=1))
        return self._summary(memory.user)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _prepare(
        self,
        user: str,
        messages: Sequence[Message],
        mode: Mode,
        max_new_tokens: int,
        static_read: bool = False,
    ) -> tuple[Prompt, Tensor | None]:
        if mode not in MODES:
            raise InputError(f"`mode` must be one of {MODES}, but is {mode!r}.")
        if not messages or messages[-1]["role"] != "user":
            raise InputError("A chat must end with a message of role `user`; add one.")
        for message in messages:
            _check_message(message["content"])
        if mode == "full-context":
            history = self._history(user)
            room = self.backbone.max_context_tokens - max_new_tokens
            whole = full_context_messages(self.backbone, history, messages, room)
            return build_prompt(self.backbone, whole, "front", rows=False), None
        if mode == "no-memory":
            return build_prompt(self.backbone, messages, "front", rows=False), None
        memory = self._get(user)
        spoken = [m["content"] for m in messages if m["role"] == "user"]
        query = self.model.queries([spoken[0] if static_read else spoken[-1]])
        with torch.no_grad():
            rows, _ = self.model.projector(memory.slots[None], query)
        prompt = build_prompt(self.backbone, messages, self.model.config.placement, rows=True)
        return prompt, rows[0]

    def _full_context_tokens(self, user: str, messages: Sequence[Message]) -> int:
        history = self.store.get_history(user)
        if history is None:
            return 0
        whole = full_context_messages(self.backbone, history, messages, None)
        return build_prompt(self.backbone, whole, "front", rows=False).num_tokens

    def _history(self, user: str) -> History:
        history = self.store.get_history(user)
        if history is None:
            raise UnknownUserError(
                f"No history of user '{user}' is stored. Run `lpm remember {user} FILE` first."
            )
        return history

    def _find(self, user: str, *, checked: bool = True) -> Memory | None:
        try:
            return self._get(user) if checked else self.store.get(user)
        except UnknownUserError:
            return None

    def _get(self, user: str) -> Memory:
        memory = self.store.get(user)
        self._check(memory)
        return memory

    def _check(self, memory: Memory) -> None:
        memory.check_fits(
            self.backbone.fingerprint, self._fingerprint, self.model.projector.config.slot_dim
        )

    def _summary(self, user: str) -> UserSummary:
        (summary,) = [item for item in self.users() if item.user == user]
        return summary


def _check_message(text: str) -> None:
    if not text.strip():
        raise InputError("The message is empty; give a question or a sentence.")
    if len(text) > MAX_MESSAGE_CHARACTERS:
        raise InputError(
            f"The message has {len(text)} characters, but at most {MAX_MESSAGE_CHARACTERS} are "
            "allowed; give a shorter one."
        )


def _distinct(sessions: Sequence[Session]) -> list[Session]:
    return list({session.content_hash(): session for session in sessions}.values())


def _merged(old: Sequence[Session], new: Sequence[Session]) -> History:
    """Join old and new sessions by time where all have one; rename clashing identifiers."""
    taken = {session.session_id for session in old}
    joined = list(old)
    for session in new:
        name, number = session.session_id, 2
        while name in taken:
            name, number = f"{session.session_id}#{number}", number + 1
        taken.add(name)
        joined.append(Session(name, session.turns, session.time))
    if all(session.time for session in joined):
        joined.sort(key=lambda session: session.time.timestamp() if session.time else 0.0)
    return History(tuple(joined))


def _report(
    memory: Memory, added: int, skipped: int, losses: tuple[float, ...], begin: float
) -> RememberReport:
    return RememberReport(
        user=memory.user,
        version=memory.version,
        num_slots=memory.slots.shape[1],
        sessions_added=added,
        sessions_skipped=skipped,
        steps=len(losses),
        losses=losses,
        size_bytes=memory.size_bytes,
        seconds=time.perf_counter() - begin,
    )
