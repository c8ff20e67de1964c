"""Old homes are taken over when they are opened; the tables are those the code expects.

`tests/golden/store_v1.sqlite` and `store_v1_memories` were written by the first release of the
SQLite store and are frozen: never write them again.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from lpm.errors import StoreError, UnknownUserError
from lpm.memory import Memory
from lpm.store import open_store
from lpm.store.migrating import HEAD
from lpm.store.schema import METADATA, VERSION_TABLE

GOLDEN = Path(__file__).parents[1] / "golden"
ANN, BOB = "6807324c1ea8e1bdc38de0835cbb61f3", "148b35998cc3b23b0941b14c92ad77cf"


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    home = tmp_path / "old"
    home.mkdir()
    shutil.copy(GOLDEN / "store_v1.sqlite", home / "lpm.sqlite3")
    shutil.copytree(GOLDEN / "store_v1_memories", home / "memories")
    return home


def test_an_old_home_is_taken_over_whole(old_home: Path):
    with closing(open_store(old_home)) as store:
        assert [(s.user, s.version) for s in store.users()] == [
            ("golden-ann", 2),
            ("golden-bob", 1),
        ]
        for version in (1, 2):
            golden = Memory.load(GOLDEN / "store_v1_memories" / ANN / f"{version}.safetensors")
            assert store.get("golden-ann", version).encode() == golden.encode()
        first, second = store.get_history("golden-ann").sessions
        assert (first.session_id, first.time) == ("s1", datetime(2024, 1, 2, 3, 4, 5))
        assert [turn.content for turn in first.turns] == ["I grow tomatoes in Utrecht.", "Noted."]
        assert second.turns[0].content == "My boat is called Heron. Grüße 🙂"
        assert [v.session_ids for v in store.version_log("golden-ann")] == [("s1",), ("s2",)]
        (only,) = store.sessions("golden-bob")
        assert only.content_hash == store.get("golden-bob").sessions[0].content_hash


def test_a_home_that_was_taken_over_goes_on(old_home: Path):
    open_store(old_home).close()
    assert not (old_home / "memories").exists()
    with closing(open_store(old_home)) as store:
        assert store.rollback("golden-ann", 1).version == 3
        assert [s.session_id for s in store.get_history("golden-ann").sessions] == ["s1"]
        store.delete("golden-ann")
        store.delete("golden-bob")
    for path in old_home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"golden" not in content and b"Heron" not in content


def test_files_that_are_not_ours_stay(old_home: Path):
    (old_home / "memories" / "notes.txt").write_text("mine")
    (old_home / "memories" / ANN / "photo.jpg").write_text("mine too")
    (old_home / "memories" / BOB / ".part-dead").write_text("of a writer that died")
    open_store(old_home).close()
    left = sorted(path.name for path in old_home.rglob("*") if path.is_file())
    assert left == ["lpm.sqlite3", "notes.txt", "photo.jpg"]


def test_a_missing_old_file_is_named_when_its_version_is_read(old_home: Path):
    (old_home / "memories" / ANN / "1.safetensors").unlink()
    with closing(open_store(old_home)) as store:
        with pytest.raises(StoreError, match="version 1 of user 'golden-ann'"):
            store.get("golden-ann", 1)
        assert store.get("golden-ann").version == 2
        assert len(store.get_history("golden-ann").sessions) == 2


def test_a_migration_that_fails_changes_nothing(old_home: Path):
    with closing(sqlite3.connect(old_home / "lpm.sqlite3")) as db, db:
        # A table in the way of the migration's last step.
        db.execute("CREATE TABLE lpm_erasures (x)")
    before = sorted(path.name for path in old_home.rglob("*.safetensors"))
    with pytest.raises(StoreError):
        open_store(old_home)
    assert sorted(path.name for path in old_home.rglob("*.safetensors")) == before
    with closing(sqlite3.connect(old_home / "lpm.sqlite3")) as db, db:
        db.execute("DROP TABLE lpm_erasures")
    with closing(open_store(old_home)) as store:
        assert len(store.users()) == 2


@pytest.mark.parametrize("table", ["migrations", VERSION_TABLE])
def test_a_home_of_a_newer_release_is_refused(tmp_path: Path, table: str):
    open_store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "lpm.sqlite3")) as db, db:
        if table == "migrations":
            db.execute(f"DROP TABLE {VERSION_TABLE}")
            db.execute("INSERT INTO migrations VALUES ('9999-future')")
        else:
            db.execute(f"UPDATE {VERSION_TABLE} SET version_num='9999'")
    with pytest.raises(StoreError, match="newer release"):
        open_store(tmp_path)


def test_the_first_release_refuses_a_home_of_this_one(tmp_path: Path):
    open_store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "lpm.sqlite3")) as db:
        names = {name for (name,) in db.execute("SELECT name FROM migrations")}
    # It knows the first alone, and refuses a home with any other.
    assert names > {"0001-memories-and-sessions"}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_migrations_make_the_tables_that_the_code_expects(place: str, kind: str):
    url = place.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(f"sqlite:///{place}/lpm.sqlite3" if kind == "sqlite" else url)
    found = inspect(engine)
    assert {*METADATA.tables} <= {*found.get_table_names()}
    for name, table in METADATA.tables.items():
        columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(name)}
        expected = {
            c.name: (str(c.type.compile(engine.dialect)), bool(c.nullable)) for c in table.columns
        }
        # PostgreSQL reports the collation beside the type.
        told = {key: (kind_.split(" COLLATE")[0], null) for key, (kind_, null) in columns.items()}
        meant = {key: (kind_.split(" COLLATE")[0], null) for key, (kind_, null) in expected.items()}
        assert told == meant
        keys = found.get_pk_constraint(name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key]
        indexes = {index["name"] for index in found.get_indexes(name)}
        assert indexes == {index.name for index in table.indexes}
    with engine.connect() as db:
        assert db.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar() == HEAD
    engine.dispose()


def test_unknown_users_stay_unknown_after_a_migration(old_home: Path):
    with closing(open_store(old_home)) as store, pytest.raises(UnknownUserError):
        store.for_tenant("other").get("golden-ann")
