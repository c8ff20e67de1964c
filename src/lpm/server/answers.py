"""What generation answers, in OpenAI's shapes: for the description, as bodies are made by hand."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

FinishReason = Literal["stop", "length"]


class Model(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """All models: one."""

    object: Literal["list"]
    data: list[Model]


class Usage(BaseModel):
    """What an answer cost. soft_tokens: rows of the memory. kv_bytes: cache of prompt and rows."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    soft_tokens: int
    kv_bytes: int


class NamedLogprob(BaseModel):
    """A token and how likely it was."""

    token: str
    logprob: float
    bytes: list[int]


class ChatLogprob(NamedLogprob):
    """A chosen token, and the likeliest ones."""

    top_logprobs: list[NamedLogprob]


class ChatLogprobs(BaseModel):
    """Of every token of an answer."""

    content: list[ChatLogprob]
    refusal: None


class ChatAnswer(BaseModel):
    """The message of an answer."""

    role: Literal["assistant"]
    content: str
    refusal: None


class ChatChoice(BaseModel):
    """One answer to a chat."""

    index: int
    finish_reason: FinishReason
    message: ChatAnswer
    logprobs: ChatLogprobs | None


class _Completion(BaseModel):
    id: str
    created: int
    model: str
    usage: Usage


class ChatCompletion(_Completion):
    """The answers to a chat."""

    object: Literal["chat.completion"]
    choices: list[ChatChoice]


class TextLogprobs(BaseModel):
    """Of every token of an answer."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class TextChoice(BaseModel):
    """One continuation of a text."""

    index: int
    finish_reason: FinishReason
    text: str
    logprobs: TextLogprobs | None


class TextCompletion(_Completion):
    """The continuations of a text."""

    object: Literal["text_completion"]
    choices: list[TextChoice]
