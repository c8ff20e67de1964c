"""Greedy answers and likelihoods of given answers, the same way for every method."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lpm.backbone import Backbone
from lpm.errors import InputError
from lpm.methods.reading import (
    KeyValues,
    Opened,
    Reading,
    budget,
    open_batches,
    prefill,
)


@torch.no_grad()
def greedy_answers(
    backbone: Backbone,
    readings: Sequence[Reading],
    limits: Sequence[int],
    prefix: KeyValues | None = None,
) -> list[str]:
    """Return the greedy answer to every reading, of at most its limit of tokens.

    Penalties and the like in a model's own generation settings take no part: every method decodes
    alike.
    """
    texts = [""] * len(readings)
    for opened in open_batches(backbone, readings, prefix):
        asked = [limits[i] for i in opened.members]
        for index, tokens in zip(opened.members, _decode(backbone, opened, asked), strict=True):
            texts[index] = str(backbone.tokenizer.decode(tokens, skip_special_tokens=True)).strip()
    return texts


def _decode(backbone: Backbone, opened: Opened, limits: Sequence[int]) -> list[list[int]]:
    said: list[list[int]] = [[] for _ in limits]
    ends = end_tokens(backbone)
    mask = opened.mask
    logits = prefill(backbone, opened.embeddings, mask, opened.cache)
    done = [limit < 1 for limit in limits]
    while not all(done):
        chosen = logits.argmax(dim=-1)
        for index, token in enumerate(chosen.tolist()):
            if not done[index]:
                said[index].append(token)
                done[index] = token in ends or len(said[index]) >= limits[index]
        if all(done):
            break
        mask = torch.cat([mask, mask.new_ones(len(limits), 1)], dim=1)
        logits = prefill(backbone, backbone.embed(chosen[:, None]), mask, opened.cache)
    return said


def end_tokens(backbone: Backbone) -> frozenset[int]:
    """Return the tokens that end an answer."""
    settings = backbone.model.generation_config
    given = None if settings is None else settings.eos_token_id
    if given is None:
        given = backbone.tokenizer.eos_token_id
    return frozenset([given] if isinstance(given, int) else given or ())


@torch.no_grad()
def option_likelihoods(
    backbone: Backbone,
    readings: Sequence[Reading],
    options: Sequence[Sequence[str]],
    prefix: KeyValues | None = None,
) -> list[list[float]]:
    """Return the mean log-probability a token of each option as the answer to its reading.

    The end token is not scored. Raises InputError for an option without tokens.
    """
    encoded = [[_encode(backbone, text) for text in texts] for texts in options]
    scores = [[0.0] * len(texts) for texts in options]
    copies = [max(1, len(texts)) for texts in options]
    for opened in open_batches(backbone, readings, prefix, copies=copies):
        _score(backbone, opened, encoded, scores)
    return scores


def _score(
    backbone: Backbone,
    opened: Opened,
    encoded: Sequence[Sequence[Sequence[int]]],
    scores: Sequence[list[float]],
) -> None:
    # The last token of a prompt predicts the first of an option, so it is read with the options.
    last, mask = opened.embeddings[:, -1:], opened.mask[:, :-1]
    if opened.embeddings.shape[1] > 1:
        prefill(backbone, opened.embeddings[:, :-1], mask, opened.cache)
    wanted = [
        (row, reading, option)
        for row, reading in enumerate(opened.members)
        for option in range(len(encoded[reading]))
    ]
    sizes = [len(encoded[reading][option]) for _, reading, option in wanted]
    for part in _parts(backbone, sizes, mask.shape[1]):
        chosen = [wanted[i] for i in part]
        owner = torch.tensor([row for row, _, _ in chosen], device=backbone.device)
        texts = [encoded[reading][option] for _, reading, option in chosen]
        means = _score_texts(backbone, opened, last[owner], mask[owner], owner, texts)
        for (_, reading, option), mean in zip(chosen, means, strict=True):
            scores[reading][option] = mean


def _score_texts(
    backbone: Backbone,
    opened: Opened,
    last: Tensor,
    mask: Tensor,
    owner: Tensor,
    texts: Sequence[Sequence[int]],
) -> list[float]:
    ids, present = backbone.pad(texts, padding_side="right")
    cache = copy.deepcopy(opened.cache)
    cache.batch_select_indices(owner)
    embeddings = torch.cat([last, backbone.embed(ids[:, :-1])], dim=1)
    every = torch.cat([mask, present.new_ones(len(texts), 1), present[:, :-1]], dim=1)
    logits = backbone.logits_at(embeddings, every, present, cache)
    log_probabilities = logits.gather(1, ids[present][:, None])[:, 0] - logits.logsumexp(dim=-1)
    lengths = [len(text) for text in texts]
    return [float(part.mean()) for part in log_probabilities.split(lengths)]


def _parts(backbone: Backbone, sizes: Sequence[int], held: int) -> Iterator[list[int]]:
    """Yield indices of options whose logits and caches fit into memory together."""
    limits = budget(backbone)
    part: list[int] = []
    for index, size in enumerate(sizes):
        count = len(part) + 1
        longest = max([size, *(sizes[i] for i in part)])
        kv_bytes = count * (held + longest) * backbone.kv_bytes_per_token
        full = count > limits.sequences or kv_bytes > limits.kv_bytes
        if part and (full or count * longest > limits.scored_tokens):
            yield part
            part = []
        part.append(index)
    if part:
        yield part


def _encode(backbone: Backbone, option: str) -> list[int]:
    ids = list(backbone.tokenizer.encode(option, add_special_tokens=False))
    if not ids:
        raise InputError("An option is empty, so it has no likelihood; give options with text.")
    return ids
