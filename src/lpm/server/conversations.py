"""Automatic remembering: a chat that has come to its end is queued and written by the worker.

Clients send a conversation anew with every question, longer each time. So what waits is put into
the place of what it continues, and of what was written already only the rest is queued.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from lpm.errors import LPMError
from lpm.server.schemas import ChatMessage, RememberRequest, SessionIn
from lpm.server.service import Service
from lpm.store import Draft, KeptJob
from lpm.types import Message

log = logging.getLogger("lpm.server")
CONVERSATION = "conversation"


@dataclass(frozen=True)
class Mark:
    """Where a queued conversation stands: digests of it up to its newest question, and whole."""

    session_id: str
    asked: str
    answered: str

    def encode(self) -> bytes:
        """Return the mark as it is noted beside the job."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, job: KeptJob) -> Mark:
        """Return the mark of a queued conversation."""
        return cls(**json.loads(job.note or b"{}"))


def remember_conversation(
    service: Service, tenant: str, user: str, messages: Sequence[Message], answer: str
) -> None:
    """Queue a conversation with its newest answer; what cannot be queued is counted and logged."""
    spoken: list[Message] = [m for m in messages if m["role"] != "system"]
    spoken.append({"role": "assistant", "content": answer})
    due_at = datetime.now(UTC) + timedelta(seconds=service.settings.remember_after_s)
    try:
        service.store.for_tenant(tenant).queue.enqueue(
            user,
            CONVERSATION,
            lambda kept: draft(kept, spoken, due_at),
            most=service.settings.max_jobs,
        )
    except LPMError as error:
        # The answer has long been given, so nobody is left to tell.
        log.warning("a conversation was not queued: %s", type(error).__name__)
        service.metrics.count_job(CONVERSATION, "dropped")
    else:
        service.worker.wake()


def draft(kept: Sequence[KeptJob], spoken: list[Message], due_at: datetime) -> Draft:
    """Return what is to be queued of a conversation, given what of it is queued or written."""
    before, asked, answered = digest(spoken[:-2]), digest(spoken[:-1]), digest(spoken)
    for job in reversed(kept):
        mark = Mark.of(job)
        continued, again = mark.answered == before, mark.asked == asked
        if not continued and not again:
            continue
        note = Mark(mark.session_id, asked, answered).encode()
        if job.state == "queued" and job.payload is not None:
            former = RememberRequest.model_validate_json(job.payload)
            (session,) = former.sessions
            # An answer that was asked for again takes the place of the former one.
            left = session.messages if continued else session.messages[:-1]
            new = spoken[-2:] if continued else spoken[-1:]
            payload = _payload(mark.session_id, [*left, *_spoken(new)], session.time)
            return Draft(payload, note, due_at, replaces=job.job_id)
        return Draft(_payload(mark.session_id, _spoken(spoken[-2:])), note, due_at)
    name = f"chat-{secrets.token_hex(6)}"
    return Draft(_payload(name, _spoken(spoken)), Mark(name, asked, answered).encode(), due_at)


def digest(spoken: Sequence[Message]) -> str:
    """Return a digest of messages; blanks around them do not count, since clients strip them."""
    told = hashlib.sha256()
    for message in spoken:
        told.update(f"{message['role']}\0{message['content'].strip()}\0".encode())
    return told.hexdigest()


def _spoken(messages: Sequence[Message]) -> list[ChatMessage]:
    return [ChatMessage(role=m["role"], content=m["content"]) for m in messages]


def _payload(name: str, messages: list[ChatMessage], begun: datetime | None = None) -> bytes:
    session = SessionIn(session_id=name, time=begun or datetime.now(UTC), messages=messages)
    return RememberRequest(sessions=[session], refine_steps=None).model_dump_json().encode()
