"""Benchmark files arrive whole and as published, or not at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lpm.benchmarks import data
from lpm.benchmarks.data import DataSet, RemoteFile, fetch, find_data_set
from lpm.cli.app import app
from lpm.errors import ConfigError, DownloadError

CONTENT = b"some questions\n" * 5_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "q.csv").write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def data_set(url: str, sha256: str | None = SHA256) -> DataSet:
    file = RemoteFile("q.csv", url + "/q.csv", len(CONTENT), sha256)
    return DataSet("tiny", url, "CC0", "a test", {"all": (file,)}, "all")


def test_a_file_is_fetched_verified_and_kept(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (found,) = fetch(data_set(address), folder)
    assert (folder / "q.csv").read_bytes() == CONTENT
    assert found.verified and found.sha256 == SHA256
    before = (folder / "q.csv").stat().st_mtime_ns
    fetch(data_set("http://127.0.0.1:9"), folder)
    assert (folder / "q.csv").stat().st_mtime_ns == before


def test_a_wrong_hash_leaves_no_file(address: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="should have sha256"):
        fetch(data_set(address, "0" * 64), tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


def test_an_unfinished_download_is_finished(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "q.csv.part").write_bytes(CONTENT[:1000])
    fetch(data_set(address), folder)
    assert (folder / "q.csv").read_bytes() == CONTENT
    assert not (folder / "q.csv.part").exists()


def test_without_a_network_nothing_appears(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="check the network"):
        fetch(data_set("http://127.0.0.1:9"), tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_names_with_typos_get_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'locomo'"):
        find_data_set("locmo")
    with pytest.raises(ConfigError, match="choose 32k, 128k, 1M"):
        find_data_set("personamem").files("64k")


def test_the_command_shows_size_licence_and_hash_before_it_asks(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(data.DATA_SETS, "tiny", data_set(address))
    to = ["--to", str(tmp_path / "data")]
    refused = CliRunner().invoke(app, ["data", "get", "tiny", *to], input="n\n")
    assert refused.exit_code != 0 and not (tmp_path / "data").exists()
    for shown in ("CC0", f"{len(CONTENT):,} bytes", SHA256):
        assert shown in refused.output
    done = CliRunner().invoke(app, ["data", "get", "tiny", *to, "--yes"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "data" / "q.csv").read_bytes() == CONTENT
