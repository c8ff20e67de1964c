"""What requests may hold: OpenAI's fields, and those of memories."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lpm.errors import HistoryError, InputError
from lpm.histories import parse_history
from lpm.memory import validate_user
from lpm.server.paths import segment
from lpm.server.unsupported import Only
from lpm.store import Job, VersionSummary
from lpm.store.rows import check_text
from lpm.types import History, KeepHistory, Message, Session, Turn, UserSummary

Mode = Literal["memory", "no-memory", "full-context"]
MAX_CHOICES = 8
MAX_STOPS, MAX_STOP_CHARACTERS = 4, 200


def _user(name: str) -> str:
    try:
        validate_user(name)
    except InputError as error:
        raise ValueError(str(error)) from None
    return name


UserName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_user)]
# In a path a slash is %2F; see `EscapedSegments`.
UserInPath = Annotated[UserName, BeforeValidator(segment)]
Text = Annotated[str, StringConstraints(max_length=100_000)]


class TextPart(BaseModel):
    """A part of a message's content."""

    type: Literal["text"]
    text: Text


class ChatMessage(BaseModel):
    """One message; its content is a text or a list of text parts."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | list[TextPart]
    name: str | None = None

    def plain(self) -> Message:
        """Return the message as chat templates take it."""
        parts = self.content
        text = parts if isinstance(parts, str) else "".join(part.text for part in parts)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class GenerationRequest(BaseModel):
    """What chat and text completions share.

    Fields of OpenAI's and vLLM's that change no answer here are ignored; those that would are
    refused. What is null counts as absent. stop: up to four strings of at most 200 characters.
    memory: how the user's memory takes part, an extension.
    """

    model_config = ConfigDict(extra="ignore")

    model: str
    user: UserName | None = None
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    n: int = Field(1, ge=1, le=MAX_CHOICES)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: dict[str, bool] | None = None
    frequency_penalty: float = Field(0.0, ge=0, le=0)
    presence_penalty: float = Field(0.0, ge=0, le=0)
    response_format: Annotated[Any, Only({"type": "text"})] = None
    logit_bias: Annotated[Any, Only({})] = None
    tools: Annotated[Any, Only([])] = None
    tool_choice: Annotated[Any, Only("none")] = None
    functions: Annotated[Any, Only([])] = None
    function_call: Annotated[Any, Only("none")] = None
    best_of: int | None = None
    top_k: Annotated[int | None, Only(-1, 0)] = None
    min_p: Annotated[float | None, Only(0)] = None
    repetition_penalty: Annotated[float | None, Only(1)] = None
    min_tokens: Annotated[int | None, Only(0)] = None
    bad_words: Annotated[Any, Only([])] = None
    modalities: Annotated[Any, Only(["text"])] = None
    web_search_options: Annotated[Any, Only()] = None
    memory: Mode = "memory"

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}

    @field_validator("stop")
    @classmethod
    def _check_stop(cls, stop: str | list[str]) -> str | list[str]:
        words = _listed(stop)
        if len(words) > MAX_STOPS:
            raise ValueError(
                f"{len(words)} strings were given, but at most {MAX_STOPS} are looked for; leave "
                "some out"
            )
        longest = max(map(len, words), default=0)
        if longest > MAX_STOP_CHARACTERS:
            raise ValueError(
                f"a string has {longest} characters, but at most {MAX_STOP_CHARACTERS} characters "
                "are looked for; shorten it"
            )
        return stop

    @field_validator("best_of")
    @classmethod
    def _check_best_of(cls, best_of: int, info: ValidationInfo) -> int:
        if best_of != info.data.get("n", best_of):
            raise ValueError(
                "every answer that is made is returned here; leave it out, or give `n`"
            )
        return best_of

    @property
    def stops(self) -> tuple[str, ...]:
        """Return the stop strings."""
        return tuple(word for word in _listed(self.stop) if word)


def _listed(stop: str | list[str] | None) -> list[str]:
    return [stop] if isinstance(stop, str) else stop or []


class ChatRequest(GenerationRequest):
    """A request of /v1/chat/completions.

    remember: whether the finished conversation is queued to be remembered, an extension; the
    server's setting decides when absent.
    """

    messages: list[ChatMessage] = Field(min_length=1, max_length=1000)
    remember: bool | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool = False
    top_logprobs: int | None = Field(None, ge=0, le=20)


class CompletionRequest(GenerationRequest):
    """A request of /v1/completions."""

    prompt: Text
    max_tokens: int = Field(16, ge=1)
    logprobs: int | None = Field(None, ge=0, le=5)
    echo: Literal[False] = False
    suffix: Annotated[Any, Only("")] = None


class SessionIn(BaseModel):
    """A finished conversation."""

    session_id: str = Field(min_length=1, max_length=200)
    time: datetime | None = None
    messages: list[ChatMessage] = Field(min_length=1, max_length=10_000)


class RememberOptions(BaseModel):
    """Options as in `remember`."""

    refine_steps: int | None = Field(None, ge=0, le=10_000)
    keep_history: KeepHistory = "full"
    expires_at: datetime | None = None
    dry_run: bool = False

    def options(self) -> dict[str, Any]:
        """Return the options as `remember` takes them; a time without a zone is UTC."""
        expires_at = self.expires_at
        if expires_at is not None and expires_at.tzinfo is None:
            expires_at = expires_at.replace(tzinfo=UTC)
        return {
            "refine_steps": self.refine_steps,
            "keep_history": self.keep_history,
            "expires_at": expires_at,
            "dry_run": self.dry_run,
        }


class RememberRequest(RememberOptions):
    """Sessions to remember."""

    sessions: list[SessionIn] = Field(min_length=1, max_length=10_000)

    def history(self) -> History:
        """Return the sessions as the library takes them."""
        return History(
            tuple(
                Session(
                    one.session_id,
                    tuple(Turn(m["role"], m["content"]) for m in (p.plain() for p in one.messages)),
                    one.time,
                )
                for one in self.sessions
            )
        )

    def check_storable(self) -> None:
        """Raise InputError for what would fail later: no user turns, text no store can hold."""
        history = self.history()
        for number, session in enumerate(history.sessions, start=1):
            for text in (session.session_id, *(turn.content for turn in session.turns)):
                check_text(text, f"Session {number}")
        if not any(turn.role == "user" for _, _, turn in history.turns()):
            raise HistoryError("The history holds no user turns, so there is nothing to remember.")


class FileQuery(RememberOptions):
    """How to read a history file, as `load_history`; name: what errors call it."""

    name: str = Field("history", min_length=1, max_length=200)
    speaker: str | None = Field(None, max_length=200)
    select: str | None = Field(None, max_length=200)

    def history(self, data: bytes) -> History:
        """Return the history that a file holds."""
        return parse_history(data, self.name, speaker=self.speaker, select=self.select)

    def request(self, data: bytes) -> RememberRequest:
        """Return the file as a request; raises HistoryError for what is too much for one."""
        sessions = [
            {
                "session_id": one.session_id,
                "time": one.time,
                "messages": list(map(asdict, one.turns)),
            }
            for one in self.history(data).sessions
        ]
        options = self.model_dump(include=set(RememberOptions.model_fields))
        try:
            return RememberRequest.model_validate({"sessions": sessions} | options)
        except ValidationError as error:
            # `from None`: the error carries the text.
            raise HistoryError(
                f"{self.name!r} holds what is too much for one request "
                f"({error.errors()[0]['msg']}); split it into smaller files."
            ) from None


class UserPage(BaseModel):
    """One page of users; next: what `after` of the following page is."""

    object: Literal["list"] = "list"
    data: list[UserSummary]
    has_more: bool
    next: str | None = None


class KeptSession(BaseModel):
    """A session that a memory has learnt from; turns: None where its text was not kept."""

    session_id: str
    content_hash: str
    time: datetime | None
    expires_at: datetime | None
    has_text: bool
    turns: tuple[Turn, ...] | None


class SessionPage(BaseModel):
    """One page of the sessions of a memory."""

    object: Literal["list"] = "list"
    data: list[KeptSession]
    has_more: bool


class VersionList(BaseModel):
    """The versions of a memory, oldest first."""

    object: Literal["list"] = "list"
    data: list[VersionSummary]


class JobPage(BaseModel):
    """One page of jobs."""

    object: Literal["list"] = "list"
    data: list[Job]
    has_more: bool


class ExplainRequest(BaseModel):
    """A message to explain; with an answer, what it would lose without each slot."""

    message: Text
    answer: Text | None = None


class RollbackRequest(BaseModel):
    """The version to go back to."""

    version: int = Field(ge=1)
