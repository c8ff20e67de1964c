"""The object people use: one frozen LLM that remembers many users."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import torch
from torch import Tensor

from lpm.backbone import EMBEDDED, Backbone, Quantization
from lpm.errors import HistoryError, InputError, UnknownUserError
from lpm.forgetting import (
    ErasureReceipt,
    erase,
    find_session,
    find_topic,
    forget_user,
    now,
    probe,
    records_left,
    removed_chunks,
    without,
)
from lpm.histories import parse_messages
from lpm.inspection import MemoryChanges, changes, nearest_words, slot_effects, tell_slots
from lpm.learning.fit import Progress
from lpm.memory import Memory, SessionRecord, validate_user
from lpm.modeling import LPMModel, load_shared
from lpm.nn.injection import Prompt, build_prompt, inject
from lpm.prompting import full_context_messages
from lpm.remembering import Learnt, distinct, learn, merged, records, without_text
from lpm.store import MemoryStore, VersionSummary, open_store
from lpm.types import (
    Answer,
    Explanation,
    History,
    KeepHistory,
    MemoryView,
    Message,
    RememberReport,
    SlotUse,
    SlotView,
    UserSummary,
)

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
        keep_history: KeepHistory = "full",
        expires_at: datetime | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> RememberReport:
        """Add sessions to a user's memory; sessions already known change nothing.

        refine_steps: gradient steps of self-study after the writer's pass; by default none where a
        trained writer is at hand, 60 elsewhere. keep_history: what is stored of the sessions beside
        the slots: their text, only hashes, or nothing; slots learnt from text that is not kept are
        carried along as they are. expires_at: when
        `expire` forgets these sessions. dry_run: report what would change and store nothing.
        Raises HistoryError without user turns.
        """
        validate_user(user)
        begin = time.perf_counter()
        given = history if isinstance(history, History) else parse_messages(list(history))
        if not any(turn.role == "user" for _, _, turn in given.turns()):
            raise HistoryError("The history holds no user turns, so there is nothing to remember.")
        with self._lock:
            old = self._find(user)
            known = {record.content_hash for record in old.sessions} if old else set()
            fresh = {s.content_hash() for s in distinct(given.sessions)} - known
            if not fresh and old is not None:
                return _report(old, old, 0, len(given.sessions), (), begin, dry_run)
            kept = self.store.get_history(user) if old else None
            new = [s for s in distinct(given.sessions) if s.content_hash() in fresh]
            names = {record.session_id for record in old.sessions} if old else set()
            whole = merged(kept.sessions if kept else (), new, names)
            carried = without_text(old, kept) if old else None
            steps = self._default_steps() if refine_steps is None else refine_steps
            learnt = learn(
                self.model, whole, carried, of=old, steps=steps, seed=self.seed, progress=progress
            )
            if learnt is None:
                raise HistoryError("The user's turns hold no words, so there is nothing to learn.")
            memory = self._next(user, old, learnt, records(old, whole))
            if not dry_run:
                # As merged: a clashing identifier was renamed there.
                sessions = [s for s in whole.sessions if s.content_hash() in fresh]
                self.store.put(memory, sessions, keep_history=keep_history, expires_at=expires_at)
            skipped = len(given.sessions) - len(new)
            return _report(old, memory, len(new), skipped, learnt.losses, begin, dry_run)

    def _default_steps(self) -> int:
        return 0 if self.model.config.trained else 60

    def _next(
        self,
        user: str,
        old: Memory | None,
        learnt: Learnt,
        sessions: tuple[SessionRecord, ...],
    ) -> Memory:
        if old is not None:
            return old.updated(
                slots=learnt.slots,
                provenance=learnt.provenance,
                sessions=sessions,
                salience=learnt.salience,
            )
        return Memory.create(
            user,
            learnt.slots,
            learnt.provenance,
            sessions,
            salience=learnt.salience,
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
            prompt, rows = self.prepare(user, messages, mode, max_new_tokens, static_read)
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
                self.prepare(user, [{"role": "user", "content": text}], "memory", max_new_tokens)
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
            prompt, rows = self.prepare(user, messages, mode, max_new_tokens)
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
    def explain(self, user: str, message: str, *, answer: str | None = None) -> Explanation:
        """Say which slots a message reads and which sessions taught them, most used first.

        answer: with it, each slot also tells how much likelihood this answer would lose without it.
        """
        _check_message(message)
        with self._lock:
            memory = self._get(user)
            query = self.model.queries([message])
            attention = self.model.projector.attend(memory.slots[None], query)[0]
            weights = attention.mean(dim=0)
            order = weights.argsort(descending=True, stable=True).tolist()
            effects: list[float | None] = [None] * len(order)
            if answer is not None:
                effects = [*slot_effects(self.model, memory.slots, message, answer).tolist()]
            slots = tuple(
                SlotUse(
                    n,
                    float(weights[n]),
                    tuple(attention[:, n].tolist()),
                    memory.provenance[n],
                    effects[n],
                )
                for n in order
            )
            untold = max(0.0, 1.0 - float(weights.sum()))
            return Explanation(user, message, slots, untold)

    def show(self, user: str, *, tell: bool = False) -> MemoryView:
        """Return everything a person can inspect of a memory.

        tell: let the frozen LLM say what it makes of each slot alone.
        """
        with self._lock:
            memory = self._get(user)
            words = nearest_words(self.model, memory.slots)
            count = memory.slots.shape[1]
            told = tell_slots(self.model, memory.slots) if tell else [None] * count
            slots = tuple(
                SlotView(
                    n,
                    float(memory.slots[:, n].norm()),
                    words[n],
                    memory.provenance[n],
                    memory.salience[n] if memory.salience else 0.0,
                    told[n],
                )
                for n in range(count)
            )
            return MemoryView(self._summary(user), memory.backbone, memory.projector, slots)

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
            memory, history = self._get(user), self.store.get_history(user)
            if session is not None:
                removal = find_session(memory, history, session)
            else:
                removal = find_topic(memory, history, str(about))
            learnt, rebuilt = without(
                self.model, memory, removal, steps=self._default_steps(), seed=self.seed
            )
            found = probe(self.model, removed_chunks(removal), memory, learnt, self.seed)
            left = None
            if learnt is not None:
                left = self._next(user, memory, learnt, records_left(memory, removal))
            removed = 0 if dry_run else erase(self.store, memory, left, removal)
            return ErasureReceipt(
                user=user,
                scope="about" if session is None else "session",
                asked=about if session is None else session,
                sessions_removed=tuple(record.session_id for record in removal.sessions),
                turns_removed=tuple(sorted(removal.turns)),
                slots_before=memory.slots.shape[1],
                slots_after=0 if left is None else left.slots.shape[1],
                rebuilt=rebuilt,
                versions_removed=removed,
                bytes_removed=memory.size_bytes - (0 if left is None else left.size_bytes),
                version=None if left is None else left.version,
                probe=found,
                made_at=now(),
                dry_run=dry_run,
            )

    def expire(self, at: datetime | None = None) -> tuple[ErasureReceipt, ...]:
        """Forget every session whose time has come; return a receipt for each."""
        receipts = []
        while due := self.store.expired(at or datetime.now(UTC)):
            receipts += [self.forget(item.user, session=item.content_hash) for item in due]
        return tuple(receipts)

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
            self._check(self.store.get(user, version))
            self.store.rollback(user, version)
            return self._summary(user)

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
        # The name itself comes before all others that begin with it.
        (summary,) = self.store.users(prefix=user, limit=1)
        return summary


def _check_message(text: str) -> None:
    if not text.strip():
        raise InputError("The message is empty; give a question or a sentence.")
    if len(text) > MAX_MESSAGE_CHARACTERS:
        raise InputError(
            f"The message has {len(text)} characters, but at most {MAX_MESSAGE_CHARACTERS} are "
            "allowed; give a shorter one."
        )


def _report(
    old: Memory | None,
    memory: Memory,
    added: int,
    skipped: int,
    losses: tuple[float, ...],
    begin: float,
    dry_run: bool,
) -> RememberReport:
    # Counted, since one turn may have taught several slots.
    before = Counter(() if old is None else old.provenance)
    after = Counter(memory.provenance)
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
        slots_added=(after - before).total(),
        slots_removed=(before - after).total(),
        dry_run=dry_run,
    )
