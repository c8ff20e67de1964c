"""Chats that are read together give what each gives alone."""

from __future__ import annotations

from contextlib import closing

import pytest
import torch

from lpm.errors import IncompatibleMemoryError
from lpm.model import LatentPersonalMemory
from lpm.server.reading import SHORT_CHARACTERS, Asked, Reader
from lpm.store import open_store
from lpm.testing import make_memory, tiny_backbone, tiny_model

QUESTIONS = ("Where is it?", "Who told me of the boat in the old harbour, and when?", "Why?")


def chat(*texts: str) -> list:
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


@pytest.fixture(params=["message", "front"])
def model(request):
    return tiny_model(tiny_backbone(), placement=request.param)


@pytest.mark.parametrize("hot_bytes", [0, 2**20])
def test_many_users_of_two_tenants_are_read_as_each_alone(tmp_path, model, hot_bytes):
    with closing(open_store(tmp_path, hot_bytes=hot_bytes)) as store:
        asked = []
        for number, tenant in enumerate(("north", "south")):
            view = store.for_tenant(tenant)
            for user in range(3):
                # Of different sizes, so that the smaller are padded.
                memory = make_memory(f"u{user}", model=model, seed=10 * number + user)
                slots = memory.slots[:, : 2 + user]
                view.put(memory if user == 2 else _shortened(memory, slots))
                asked.append(Asked(tenant, f"u{user}", chat("Hello.", "Yes?", QUESTIONS[user])))
            asked.append(Asked(tenant, "nobody yet", chat(QUESTIONS[0])))
        made = Reader(store, model).read(asked)
        for one, (prompt, rows) in zip(asked, made, strict=True):
            alone = LatentPersonalMemory(store.for_tenant(one.tenant), model)
            mode = "no-memory" if one.user == "nobody yet" else "memory"
            expected, own = alone.prepare(one.user, one.messages, mode, 8)
            assert prompt == expected
            if own is None:
                assert rows is None
            else:
                torch.testing.assert_close(rows, own, rtol=1e-4, atol=1e-5)


def _shortened(memory, slots):
    count = slots.shape[1]
    return memory.updated(
        slots=slots.clone(),
        provenance=memory.provenance[:count],
        salience=memory.salience[:count],
        version=1,
    )


def test_what_another_projector_wrote_is_refused(tmp_path):
    with closing(open_store(tmp_path)) as store:
        store.put(make_memory("ann", model=tiny_model(tiny_backbone(), seed=1)))
        reader = Reader(store, tiny_model(tiny_backbone(), seed=2))
        with pytest.raises(IncompatibleMemoryError):
            reader.read([Asked("", "ann", chat("Where?"))])


def test_only_short_chats_with_text_are_read_together():
    assert Asked("", "ann", chat("Where?")).is_short
    assert not Asked("", "ann", chat("x" * SHORT_CHARACTERS, "Yes?", "Where?")).is_short
    assert not Asked("", "ann", chat(" ", "Yes?", "Where?")).is_short
