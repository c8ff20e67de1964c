"""From a folder or an address to a store, without loading what is not needed."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lpm.errors import InputError
from lpm.store import open_store


def test_a_folder_its_file_and_its_address_are_one_store(tmp_path: Path):
    folder = tmp_path / "a b%20c"
    for place in (folder, str(folder), f"sqlite:///{folder}/lpm.sqlite3", f"sqlite:///{folder}"):
        with closing(open_store(place)) as store:
            assert store.users() == ()
    assert [path.name for path in folder.iterdir()] == ["lpm.sqlite3"]


def test_a_tenant_may_be_named_when_opening(tmp_path: Path):
    with closing(open_store(tmp_path, tenant="one")) as store:
        assert store.tenant == "one"
    # Closed, although it is a tenant's.
    with pytest.raises(Exception, match="closed"):
        store.users()
    with pytest.raises(InputError):
        open_store(tmp_path, tenant="two\nlines")


@pytest.mark.parametrize(
    "place",
    ["mysql://host/db", "sqlite://", "sqlite:///", "sqlite://relative", "sqlite:///:memory:"],
)
def test_other_addresses_are_refused(place: str):
    with pytest.raises(InputError, match="folder, sqlite:///FILE or postgresql://"):
        open_store(place)


def test_the_contract_loads_no_database():
    code = (
        "import sys, lpm.store; "
        "print(sorted({'sqlalchemy', 'alembic', 'psycopg', 'fsspec.core', 'cryptography'} "
        "& {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "[]"
