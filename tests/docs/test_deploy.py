"""Settings in deploy/ and on the pages are real, all are told, and stops fit into their time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `server`")

from lpm.embedded import CACHE_DIR_VARIABLE, WHEEL_VARIABLE
from lpm.server.settings import TENANT_VARIABLE, ServerSettings, unknown_variables, variables

ROOT = Path(__file__).resolve().parents[2]
DEPLOY, DOCS = ROOT / "deploy", ROOT / "docs"
FILES = [*sorted(DEPLOY.iterdir()), DOCS / "server.md", DOCS / "operations.md"]
EXAMPLE = (DEPLOY / "lpm.env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_named_is_a_setting(path: Path) -> None:
    if path.is_dir():
        pytest.skip("holds secrets of this machine")
    named = set(re.findall(r"\bLPM_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
    assert named <= {*variables(), CACHE_DIR_VARIABLE, WHEEL_VARIABLE, TENANT_VARIABLE}


def test_every_setting_is_on_the_page() -> None:
    page = (DOCS / "server.md").read_text(encoding="utf-8")
    table = page.split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"`([a-z_]+)`", table)) >= set(ServerSettings.model_fields)


def test_the_example_shows_every_setting_with_its_default() -> None:
    shown = dict(re.findall(r"^#(LPM_\w+)=(.*)$", EXAMPLE, re.M))
    assert set(shown) == set(variables())
    fields = ServerSettings.model_fields
    for name, text in shown.items():
        default = fields[name.removeprefix("LPM_").lower()].default
        if hasattr(default, "get_secret_value"):
            default = default.get_secret_value()
        plain = str(default).lower() if isinstance(default, bool) else str(default or "")
        assert text == plain, name


def test_a_stop_has_the_time_that_draining_takes() -> None:
    fields = ServerSettings.model_fields
    needed_s = 2 * fields["linger_s"].default + 3 * fields["drain_s"].default
    unit = (DEPLOY / "lpm.service").read_text(encoding="utf-8")
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    (unit_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M)
    server = compose.split("\n  server:\n")[1].split("\n  database:\n")[0]
    (compose_s,) = re.findall(r"stop_grace_period: (\d+)s", server)
    assert int(unit_s) > needed_s and int(compose_s) > needed_s


def test_the_engine_is_reached_by_the_server_alone() -> None:
    import yaml

    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    guests = [name for name, one in made["services"].items() if "engine" in one["networks"]]
    assert sorted(guests) == ["engine", "server"]
    assert made["networks"]["engine"] == {"internal": True}
    assert made["services"]["engine"]["networks"] == ["engine"]
    assert "ports" not in made["services"]["engine"]
    assert all(port.startswith("127.0.0.1:") for port in made["services"]["server"]["ports"])
    named = {name for one in made["services"].values() for name in one.get("secrets", [])}
    assert named == set(made["secrets"])
    # The environment would go before the file.
    image = set(re.findall(r"\bLPM_[A-Z_]+(?==)", (DEPLOY / "Dockerfile").read_text("utf-8")))
    given = image | set(made["services"]["server"]["environment"])
    assert not given & {name.upper() for name in made["services"]["server"]["secrets"]}


def test_an_unknown_variable_is_told_with_what_it_may_mean() -> None:
    (told,) = unknown_variables({"LPM_MASTER_KEY": "x", "LPM_PORT": "1", "HOME": "/"})
    assert told == "LPM_MASTER_KEY is no setting; is LPM_MASTER_KEYS meant?"


def test_a_variable_that_is_empty_counts_as_absent(monkeypatch) -> None:
    for name in ServerSettings.model_fields:
        monkeypatch.setenv(f"LPM_{name.upper()}", "")
    assert ServerSettings() == ServerSettings.model_construct()


def test_secrets_are_read_from_files_and_the_environment_goes_before(tmp_path, monkeypatch) -> None:
    (tmp_path / "lpm_home").write_text("postgresql://lpm:word@db/lpm\n")
    (tmp_path / "lpm_backbone").write_text("from-file")
    monkeypatch.setenv("LPM_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("LPM_BACKBONE", "from-environment")
    read = ServerSettings()
    assert read.home is not None
    assert read.home.get_secret_value() == "postgresql://lpm:word@db/lpm"
    assert read.backbone == "from-environment"
    assert "word" not in repr(read)
    monkeypatch.setenv("LPM_SECRETS_DIR", str(tmp_path / "absent"))
    with pytest.raises(ValueError, match="secrets_dir"):
        ServerSettings()
