"""Memory bytes in an object store: a folder, fsspec's memory, and S3."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import fsspec
import pytest
import torch

from lpm.errors import InputError, MissingExtraError, StoreError
from lpm.memory import Memory
from lpm.store import open_store
from lpm.store.blobs import Blobs
from lpm.store.sqlite import SQLiteStore
from lpm.types import SlotSource


def make_memory(user: str = "ann") -> Memory:
    taught = ((SlotSource("s", 0, 1.0),),) * 2
    return Memory.create(user, torch.randn(1, 2, 64), taught, (), backbone="b", projector="p")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    pytest.importorskip("s3fs", reason="needs the extra `objects`")
    moto = pytest.importorskip("moto.server", reason="needs moto, an S3 server for tests")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file", "memory", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """Return an address and the options that reach it."""
    if request.param == "file":
        return f"file://{tmp_path}/objects", {}
    if request.param == "memory":
        return f"memory://{tmp_path.name}", {}
    endpoint = request.getfixturevalue("s3_server")
    options = {"endpoint_url": endpoint, "key": "test", "secret": "test"}
    fsspec.filesystem("s3", **options).mkdir(f"bucket-{abs(hash(tmp_path))}")
    return f"s3://bucket-{abs(hash(tmp_path))}/folder", options


def listed(address: tuple[str, dict[str, Any]]) -> list[str]:
    url, options = address
    fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
    fs.invalidate_cache()
    return [str(path) for path in fs.find(root)]


def test_objects_come_back_and_go(address):
    blobs = Blobs(address[0], **address[1])
    name = blobs.new_name()
    assert blobs.get(name) is None
    blobs.put(name, b"\x00bytes" * 1000)
    assert blobs.get(name) == b"\x00bytes" * 1000
    assert [path.rsplit("/", 1)[1] for path in listed(address)] == [name]
    blobs.remove(name)
    blobs.remove(name)
    assert blobs.get(name) is None
    assert listed(address) == []


def test_a_store_keeps_each_version_as_one_object_and_removes_it(address, tmp_path: Path):
    blobs = Blobs(address[0], **address[1])
    with closing(SQLiteStore(tmp_path / "lpm.sqlite3", blobs=blobs)) as store:
        first = make_memory()
        store.put(first)
        store.put(first.updated())
        store.for_tenant("other").put(make_memory())
        assert len(listed(address)) == 3
        assert not any("ann" in path for path in listed(address))
        assert store.get("ann", 1).encode() == first.encode()
        store.prune_versions("ann", 1)
        assert len(listed(address)) == 2
        store.delete("ann")
        assert len(listed(address)) == 1
        assert store.for_tenant("other").get("ann").version == 1


def test_names_lead_nowhere_else(tmp_path: Path):
    blobs = Blobs(f"file://{tmp_path}/objects")
    (tmp_path / "secret").write_bytes(b"x")
    for name in ("../secret", "secret", "", "/etc/passwd"):
        with pytest.raises(StoreError):
            blobs.get(name)


class Failing(Blobs):
    """Objects of a folder whose server stops answering when told so."""

    failing = ""

    def put(self, name: str, data: bytes) -> None:
        super().put(name, data)
        if self.failing == "put":
            raise StoreError("planted failure")

    def remove(self, name: str) -> None:
        if self.failing:
            raise StoreError("planted failure")
        super().remove(name)


def test_an_object_whose_version_was_not_stored_goes_with_the_user(tmp_path: Path):
    blobs = Failing(f"file://{tmp_path}/objects")
    with closing(SQLiteStore(tmp_path / "lpm.sqlite3", blobs=blobs)) as store:
        store.put(make_memory())
        blobs.failing = "put"
        with pytest.raises(StoreError, match="planted"):
            store.put(store.get("ann").updated())
        assert store.versions("ann") == (1,)
        assert len(list((tmp_path / "objects").iterdir())) == 2
        blobs.failing = ""
        store.delete("ann")
        assert list((tmp_path / "objects").iterdir()) == []


def test_a_removal_that_the_object_store_refused_is_told_and_finished_later(tmp_path: Path):
    blobs = Failing(f"file://{tmp_path}/objects")
    with closing(SQLiteStore(tmp_path / "lpm.sqlite3", blobs=blobs)) as store:
        store.put(make_memory())
        blobs.failing = "remove"
        with pytest.raises(StoreError, match="planted"):
            store.delete("ann")
        assert store.users() == ()
    assert len(list((tmp_path / "objects").iterdir())) == 1
    open_store(tmp_path, blobs=f"file://{tmp_path}/objects").close()
    assert list((tmp_path / "objects").iterdir()) == []


def test_an_object_that_is_gone_is_named(tmp_path: Path):
    with closing(open_store(tmp_path / "home", blobs=f"file://{tmp_path}/objects")) as store:
        store.put(make_memory())
        next((tmp_path / "objects").iterdir()).unlink()
        with pytest.raises(StoreError, match=r"version 1 of user 'ann'.*missing"):
            store.get("ann")
        store.delete("ann")


def test_objects_in_a_folder_are_private(tmp_path: Path):
    blobs = Blobs(f"file://{tmp_path}/objects")
    blobs.put(blobs.new_name(), b"x")
    for path in [tmp_path / "objects", *(tmp_path / "objects").iterdir()]:
        assert path.stat().st_mode & 0o077 == 0


def test_an_unknown_protocol_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="protocol"):
        open_store(tmp_path, blobs="nosuch://bucket")


def test_a_missing_package_names_the_extra(monkeypatch):
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(MissingExtraError, match=r"\[objects\]"):
        Blobs("s3://bucket")


def test_a_server_that_does_not_answer_is_told(tmp_path: Path):
    pytest.importorskip("s3fs", reason="needs the extra `objects`")
    config = {"connect_timeout": 1, "retries": {"max_attempts": 0}}
    blobs = Blobs(
        "s3://bucket/x",
        endpoint_url="http://127.0.0.1:1",
        key="k",
        secret="s",
        config_kwargs=config,
    )
    with pytest.raises(StoreError, match="object store answers"):
        blobs.put(blobs.new_name(), b"x")
