"""Answer chats: from a memory, without it, or with the whole history in the context."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Literal, TypedDict

import torch
from torch import Tensor

from lpm.backbone import Backbone
from lpm.checked_store import CheckedStore
from lpm.dating import session_dates, with_date
from lpm.errors import InputError
from lpm.modeling import LPMModel
from lpm.nn.injection import Prompt, build_prompt, inject
from lpm.prompting import full_context_messages
from lpm.store.rows import check_text
from lpm.types import Answer, Message

Mode = Literal["memory", "no-memory", "full-context"]
MODES: tuple[Mode, ...] = ("memory", "no-memory", "full-context")
MAX_MESSAGE_CHARACTERS = 100_000
_PIECE_TIMEOUT_S = 300

Reading = tuple[Prompt, Tensor | None]
"""What the backbone reads for one chat: its prompt, and the rows of the memory where there are."""


class Sampling(TypedDict):
    """How tokens are chosen; a temperature of 0 takes the likeliest."""

    max_new_tokens: int
    temperature: float
    top_p: float
    seed: int


def prepare(
    model: LPMModel,
    memories: CheckedStore,
    user: str,
    messages: Sequence[Message],
    mode: Mode,
    max_new_tokens: int,
    static_read: bool = False,
) -> Reading:
    """Return the prompt of a chat and the rows of the memory, None in other modes.

    static_read: read the memory for the chat's first message. Raises UnknownUserError when the mode
    needs a memory and there is none.
    """
    _check_chat(messages, mode)
    backbone = model.backbone
    if mode == "full-context":
        history = memories.history(user)
        room = backbone.max_context_tokens - max_new_tokens
        whole = full_context_messages(backbone, history, messages, room)
        return build_prompt(backbone, whole, "front", rows=False), None
    if mode == "no-memory":
        return build_prompt(backbone, messages, "front", rows=False), None
    memory = memories.get(user)
    spoken = [m["content"] for m in messages if m["role"] == "user"]
    about = spoken[0] if static_read else spoken[-1]
    with torch.no_grad():
        rows, attention = model.projector(memory.slots[None], model.queries([about]))
    if not static_read:
        dates = session_dates(memory)
        messages = with_date(messages, about, attention[0], memory.provenance, dates)
    prompt = build_prompt(backbone, messages, model.config.placement, rows=True)
    return prompt, rows[0]


def answer(
    model: LPMModel,
    memories: CheckedStore,
    user: str,
    messages: Sequence[Message],
    mode: Mode,
    sampling: Sampling,
    *,
    static_read: bool,
    begin: float,
) -> Answer:
    """Return the answer to a chat and what it cost.

    begin: `time.perf_counter()` when the call came, from which the answer's seconds count.
    """
    room = sampling["max_new_tokens"]
    prompt, rows = prepare(model, memories, user, messages, mode, room, static_read)
    (text,) = generate(model.backbone, [(prompt, rows)], sampling)
    num_rows = 0 if rows is None else len(rows)
    per_token = model.backbone.kv_bytes_per_token
    full_context = _full_context_tokens(model.backbone, memories, user, messages)
    return Answer(
        text=text,
        mode=mode,
        soft_tokens=num_rows,
        prompt_tokens=prompt.num_tokens,
        kv_bytes=(num_rows + prompt.num_tokens) * per_token,
        full_context_kv_bytes=full_context * per_token,
        seconds=time.perf_counter() - begin,
    )


def generate(backbone: Backbone, readings: Sequence[Reading], sampling: Sampling) -> list[str]:
    """Return the answers to a batch of chats."""
    embeddings, mask = _injected(backbone, readings)
    return backbone.decode(backbone.generate(embeddings, mask, **sampling))


def stream(backbone: Backbone, reading: Reading, sampling: Sampling) -> Iterator[str]:
    """Yield the answer to a chat piece by piece; what fails in generating is raised at the end."""
    from transformers import TextIteratorStreamer

    embeddings, mask = _injected(backbone, [reading])
    streamer = TextIteratorStreamer(
        backbone.tokenizer, skip_special_tokens=True, timeout=_PIECE_TIMEOUT_S
    )
    failures: list[BaseException] = []

    def work() -> None:
        try:
            backbone.generate(embeddings, mask, **sampling, streamer=streamer)
        except BaseException as error:
            failures.append(error)
            streamer.end()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    yield from (piece for piece in streamer if piece)
    worker.join()
    if failures:
        raise failures[0]


def check_message(text: str) -> None:
    """Raise InputError for a message that is empty, too long or no text."""
    check_text(text, "The message")
    if not text.strip():
        raise InputError("The message is empty; give a question or a sentence.")
    if len(text) > MAX_MESSAGE_CHARACTERS:
        raise InputError(
            f"The message has {len(text)} characters, but at most {MAX_MESSAGE_CHARACTERS} are "
            "allowed; give a shorter one."
        )


def _check_chat(messages: Sequence[Message], mode: Mode) -> None:
    if mode not in MODES:
        raise InputError(f"`mode` must be one of {MODES}, but is {mode!r}.")
    if not messages or messages[-1]["role"] != "user":
        raise InputError("A chat must end with a message of role `user`; add one.")
    for message in messages:
        check_message(message["content"])


def _full_context_tokens(
    backbone: Backbone, memories: CheckedStore, user: str, messages: Sequence[Message]
) -> int:
    history = memories.store.get_history(user)
    if history is None:
        return 0
    whole = full_context_messages(backbone, history, messages, None)
    return build_prompt(backbone, whole, "front", rows=False).num_tokens


def _injected(backbone: Backbone, readings: Sequence[Reading]) -> tuple[Tensor, Tensor]:
    return inject(backbone, [prompt for prompt, _ in readings], [rows for _, rows in readings])
