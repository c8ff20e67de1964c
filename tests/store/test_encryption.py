"""Encryption at rest: no plaintext on disk, keys that rotate, users that no key can open."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lpm.errors import ConfigError, MissingExtraError, StoreError
from lpm.memory import Memory
from lpm.store import MemoryStore, open_store
from lpm.store.encryption import PLAIN, MasterKeys, UserCipher, new_data_key
from lpm.store.sqlite import SQLiteStore
from lpm.types import Session, SlotSource, Turn

TEXT = "planted-message-text"
PLACE = "version 1"


def make_memory(user: str = "ann", value: float = 1.25) -> Memory:
    taught = ((SlotSource("planted-session", 0, 1.0),),) * 2
    slots = torch.full((1, 2, 64), value)
    return Memory.create(user, slots, taught, (), backbone="planted-backbone", projector="p")


def put_planted(store: MemoryStore, user: str = "ann") -> None:
    spoken = Session("planted-session", (Turn("user", TEXT),), datetime(2024, 1, 2))
    store.put(make_memory(user), [spoken], expires_at=datetime(2025, 1, 1, tzinfo=UTC))


def markers() -> list[bytes]:
    spoken = Session("", (Turn("user", TEXT),), datetime(2024, 1, 2))
    slots = make_memory().slots.numpy().tobytes()[:64]
    hashed = spoken.content_hash().encode()
    return [TEXT.encode(), b"planted-session", b"planted-backbone", b"2024-01-02", hashed, slots]


def found(folder: Path, wanted: list[bytes]) -> set[bytes]:
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return {marker for marker in wanted if marker in content}


def check_readable(store: MemoryStore, user: str = "ann") -> None:
    assert (store.get(user).slots == 1.25).all()
    assert store.get_history(user).sessions[0].turns[0].content == TEXT
    assert store.sessions(user)[0].session_id == "planted-session"
    assert store.version_log(user)[0].session_ids == ("planted-session",)
    assert store.expired(datetime(2026, 1, 1, tzinfo=UTC))[0].session_id == "planted-session"


@pytest.mark.parametrize("objects", [False, True], ids=["rows", "objects"])
def test_no_plaintext_is_on_disk(tmp_path: Path, objects: bool):
    address = f"file://{tmp_path}/objects" if objects else None
    with closing(open_store(tmp_path, blobs=address)) as store:
        put_planted(store)
        # The scan finds what is there.
        assert found(tmp_path, markers()) == {*markers()}
        store.delete("ann")
    keys = MasterKeys.generate()
    with closing(open_store(tmp_path, blobs=address, master_keys=keys)) as store:
        put_planted(store)
        check_readable(store)
        assert found(tmp_path, [*markers(), keys.keys[0]]) == set()
    with closing(open_store(tmp_path, blobs=address, master_keys=keys)) as store:
        check_readable(store)


def test_without_its_master_key_a_store_is_refused(tmp_path: Path):
    with closing(open_store(tmp_path, master_keys=MasterKeys.generate())) as store:
        put_planted(store)
    with pytest.raises(StoreError, match="is encrypted"):
        open_store(tmp_path)
    with closing(open_store(tmp_path, master_keys=MasterKeys.generate())) as store:
        for read in (store.get, store.get_history, store.sessions):
            with pytest.raises(StoreError, match="master key"):
                read("ann")
        assert store.delete("ann").versions_removed == 1


@pytest.mark.parametrize("objects", [False, True], ids=["rows", "objects"])
def test_users_from_before_are_sealed_when_they_are_written(tmp_path: Path, objects: bool):
    address = f"file://{tmp_path}/objects" if objects else None
    with closing(open_store(tmp_path, blobs=address)) as store:
        put_planted(store)
    keys = MasterKeys.generate()
    with closing(open_store(tmp_path, blobs=address, master_keys=keys)) as store:
        check_readable(store)
        store.put(store.get("ann").updated())
        assert found(tmp_path, markers()) == set()
        assert store.versions("ann") == (1, 2)
        check_readable(store)


def test_rotating_the_master_key_makes_the_old_one_useless(tmp_path: Path):
    old = MasterKeys.generate()
    both = old.rotated()
    new = MasterKeys(both.keys[:1])
    with closing(open_store(tmp_path, master_keys=old)) as store:
        put_planted(store)
        store.for_tenant("other").put(make_memory("bob"))
    with closing(SQLiteStore(tmp_path / "lpm.sqlite3", master_keys=both)) as store:
        check_readable(store)
        assert store.rotate_keys() == 2
        assert store.rotate_keys() == 0
    with closing(open_store(tmp_path, master_keys=new)) as store:
        check_readable(store)
        assert store.for_tenant("other").get("bob").version == 1
    with (
        closing(open_store(tmp_path, master_keys=old)) as store,
        pytest.raises(StoreError, match="wrapped by master key"),
    ):
        store.get("ann")


def test_rotating_keys_seals_users_of_every_tenant_from_before(tmp_path: Path):
    with closing(open_store(tmp_path)) as store:
        put_planted(store)
        put_planted(store.for_tenant("other"))
    keys = MasterKeys.generate()
    with closing(SQLiteStore(tmp_path / "lpm.sqlite3", master_keys=keys)) as store:
        assert store.rotate_keys() == 2
        assert found(tmp_path, markers()) == set()
        check_readable(store)
        check_readable(store.for_tenant("other"))


def wrapped_keys(home: Path) -> list[bytes]:
    with closing(sqlite3.connect(home / "lpm.sqlite3")) as db:
        return [row[0] for row in db.execute("SELECT wrapped FROM lpm_keys")]


def test_a_new_data_key_replaces_the_old_one_everywhere(tmp_path: Path):
    keys = MasterKeys.generate()
    path = tmp_path / "lpm.sqlite3"
    with closing(SQLiteStore(path, master_keys=keys)) as store:
        put_planted(store)
        before = wrapped_keys(tmp_path)
        store.rotate_data_key("ann")
        check_readable(store)
        assert wrapped_keys(tmp_path) != before
        assert found(tmp_path, before) == set()


def test_a_deleted_user_is_lost_even_to_who_kept_the_rows(tmp_path: Path):
    keys = MasterKeys.generate()
    with closing(open_store(tmp_path / "home", master_keys=keys)) as store:
        put_planted(store)
        put_planted(store, "bob")
        with closing(sqlite3.connect(tmp_path / "home" / "lpm.sqlite3")) as db:
            kept = db.execute("SELECT * FROM lpm_memories WHERE user_id='ann'").fetchone()
        store.delete("ann")
        with closing(sqlite3.connect(tmp_path / "home" / "lpm.sqlite3")) as db, db:
            marks = ",".join("?" * len(kept))
            db.execute(f"INSERT INTO lpm_memories VALUES ({marks})", kept)
        with pytest.raises(StoreError):
            store.get("ann")
        assert store.get("bob").version == 1
    assert len(wrapped_keys(tmp_path / "home")) == 1


def test_rows_cannot_be_exchanged(tmp_path: Path):
    keys = MasterKeys.generate()
    with closing(open_store(tmp_path, master_keys=keys)) as store:
        put_planted(store)
        store.put(make_memory("ann", 2.5).updated())
        put_planted(store, "bob")
        change = "UPDATE lpm_memories SET data=(SELECT data FROM lpm_memories WHERE {}) WHERE {}"
        ann = ["user_id='ann' AND version=1", "user_id='ann' AND version=2"]
        for source, target in (ann, ("user_id='bob'", ann[1])):
            with closing(sqlite3.connect(tmp_path / "lpm.sqlite3")) as db, db:
                db.execute(change.format(source, target))
            with pytest.raises(StoreError, match="not sealed with this key or was changed"):
                store.get("ann")


@given(data=st.binary(max_size=200), flip=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_changed_bit_is_noticed(data: bytes, flip: int, bit: int):
    cipher = UserCipher(b"k" * 32)
    sealed = bytearray(cipher.seal(data, PLACE))
    assert cipher.open(bytes(sealed), PLACE) == data
    sealed[flip % len(sealed)] ^= 1 << bit
    with pytest.raises(StoreError):
        cipher.open(bytes(sealed), PLACE)
    with pytest.raises(StoreError):
        cipher.open(cipher.seal(data, PLACE), "version 2")
    with pytest.raises(StoreError):
        cipher.open(data, PLACE)


def test_equal_data_are_sealed_differently_each_time():
    cipher = UserCipher(new_data_key())
    assert cipher.seal(b"same", PLACE) != cipher.seal(b"same", PLACE)
    with pytest.raises(StoreError, match="is encrypted"):
        PLAIN.open(cipher.seal(b"same", PLACE), PLACE)


def test_master_keys_come_from_text_and_never_show(tmp_path: Path):
    keys = MasterKeys.generate().rotated()
    (tmp_path / "keys").write_text(keys.text())
    assert MasterKeys.load(tmp_path / "keys") == keys == MasterKeys.parse(keys.text())
    assert len(keys.keys) == 2
    assert repr(keys.keys[0]) not in repr(keys)
    for text in ("", "c2hvcnQ=", "no base64!", "planted" * 7):
        with pytest.raises(ConfigError) as caught:
            MasterKeys.parse(text)
        assert "planted" not in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        MasterKeys.load(tmp_path / "absent")
    (tmp_path / "binary").write_bytes(os.urandom(32) + b"\xff")
    with pytest.raises(ConfigError):
        MasterKeys.load(tmp_path / "binary")


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setattr("lpm.store.encryption.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"\[encryption\]"):
        MasterKeys.generate()


def test_a_backup_opens_with_the_key_of_its_time(tmp_path: Path):
    keys = MasterKeys.generate()
    with closing(open_store(tmp_path / "home", master_keys=keys)) as store:
        put_planted(store)
    shutil.copytree(tmp_path / "home", tmp_path / "backup")
    with closing(open_store(tmp_path / "backup", master_keys=keys.rotated())) as store:
        check_readable(store)
