"""What goes over the wire to vLLM's completions API, and what comes back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lpm.backbone import Backbone
from lpm.errors import InputError
from lpm.nn.injection import inject
from lpm.server.engine import EngineError, EngineRequest
from lpm.server.sampling import TokenLogprob

MAX_PROMPT_BYTES = 256 * 2**20
_TOKEN = "token_id:"
# Said outright, since vLLM would otherwise take these from the model's generation_config.json; a
# repetition penalty from there, together with prompt embeddings, can bring the engine down.
_NEUTRAL = {
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "top_k": 0,
    "min_p": 0.0,
}


@torch.no_grad()
def encode_request(
    backbone: Backbone, request: EngineRequest, model: str, salt: str
) -> dict[str, Any]:
    """Return the body of POST /v1/completions.

    With rows, the whole templated prompt goes as embeddings; without, as token ids. Raises
    InputError when the embeddings are too large to send.
    """
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": model,
        "prompt": None,
        "max_tokens": sampling.max_tokens,
        "temperature": 0.0 if sampling.is_greedy else sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "n": wire_choices(request),
        "stream": request.streamed,
        "cache_salt": salt,
        # Text is made from the tokens here, by the rules that hold for every engine.
        "return_token_ids": True,
        **_NEUTRAL,
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.logprobs is not None:
        body |= {"logprobs": sampling.logprobs, "return_tokens_as_token_ids": True}
    if request.rows is None:
        return body | {"prompt": [*request.prompt.before, *request.prompt.after]}
    return body | {"prompt_embeds": _encode_prompt(backbone, request)}


def wire_choices(request: EngineRequest) -> int:
    """Return how many choices vLLM is asked for: greedy ones are all alike, so it makes one."""
    return 1 if request.sampling.is_greedy else request.n


def embedded_bytes(backbone: Backbone, request: EngineRequest) -> int:
    """Return the size of the embeddings that a request is sent as; 0 without rows."""
    if request.rows is None:
        return 0
    return request.length * backbone.hidden_size * backbone.dtype.itemsize


def _encode_prompt(backbone: Backbone, request: EngineRequest) -> str:
    size_bytes = embedded_bytes(backbone, request)
    if size_bytes > MAX_PROMPT_BYTES:
        raise InputError(
            f"The messages' embeddings take {size_bytes} bytes, but at most {MAX_PROMPT_BYTES} "
            "are sent to the engine; shorten the messages."
        )
    embeddings, _ = inject(backbone, [request.prompt], [request.rows])
    # The format that vLLM reads. It is only ever written here: nothing in this library reads it.
    buffer = io.BytesIO()
    torch.save(embeddings[0].cpu(), buffer)
    return base64.b64encode(buffer.getbuffer()).decode("ascii")


def cache_salt(secret: bytes, tenant: str, user: str | None) -> str:
    """Return what keeps a user's prefix cache their own; nobody can guess it without the secret."""
    # A tenant's or user's name holds no NUL, so no two pairs give the same text.
    text = "\0".join([tenant] if user is None else [tenant, user])
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Delta:
    """The next tokens of one choice; ended when the engine makes no more."""

    choice: int
    tokens: list[int]
    logprobs: list[TokenLogprob]
    ended: bool

    def __add__(self, later: Delta) -> Delta:
        """Return both as one."""
        tokens, scores = self.tokens + later.tokens, self.logprobs + later.logprobs
        return Delta(self.choice, tokens, scores, self.ended or later.ended)


def decode_choices(documents: Sequence[Mapping[str, Any]], alternatives: int | None) -> list[Delta]:
    """Return what an answer, or some events of a stream, add to each choice.

    Raises EngineError for what is neither.
    """
    if any("error" in document for document in documents):
        raise EngineError("The engine failed while it answered; its log tells why.")
    try:
        found: dict[int, Delta] = {}
        for document in documents:
            for choice in document["choices"]:
                new = _delta(choice, alternatives)
                found[new.choice] = found[new.choice] + new if new.choice in found else new
        return list(found.values())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EngineError(
            f"The engine's answer is not vLLM's ({type(error).__name__}); see which releases of "
            "vLLM are supported."
        ) from None


def _delta(choice: Mapping[str, Any], alternatives: int | None) -> Delta:
    tokens = [int(token) for token in choice["token_ids"] or ()]
    scored = choice.get("logprobs")
    logprobs = [] if alternatives is None or scored is None else _logprobs(scored, alternatives)
    ended = choice.get("finish_reason") is not None
    return Delta(int(choice["index"]), tokens, logprobs, ended)


def _logprobs(scored: Mapping[str, Any], alternatives: int) -> list[TokenLogprob]:
    found = []
    for name, logprob, top in zip(
        scored["tokens"], scored["token_logprobs"], scored["top_logprobs"], strict=True
    ):
        # vLLM adds the chosen token to the alternatives where it is none of them.
        best = sorted(((_id(key), float(value)) for key, value in top.items()), key=lambda x: -x[1])
        found.append(TokenLogprob(_id(name), float(logprob), tuple(best[:alternatives])))
    return found


def _id(name: str) -> int:
    if not name.startswith(_TOKEN):
        raise ValueError(name)
    return int(name.removeprefix(_TOKEN))
