"""Whatever is sent, the server answers as it says it does: no 5xx, no undescribed answer."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from running_server import running

with warnings.catch_warnings():
    # Of its own dependencies.
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    with running(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


@pytest.fixture(scope="module")
def described(served) -> dict:
    with served.client() as client:
        return client.get("/openapi.json").json()


def test_every_route_is_described_with_its_answers_and_errors(described):
    ours = {path: methods for path, methods in described["paths"].items() if path.startswith("/v1")}
    assert len(ours) >= 14
    for path, method in itertools.chain.from_iterable(
        itertools.product([path], methods.values()) for path, methods in ours.items()
    ):
        assert method["security"] == [{"key": []}], path
        assert {"400", "401", "403", "404", "413", "429", "503"} <= {*method["responses"]}, path
        assert "422" not in method["responses"]
        good = next(v for k, v in method["responses"].items() if k.startswith("2"))
        for content in good["content"].values():
            assert content["schema"], path
        assert method.get("description") or method.get("summary"), path
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def check(operation, url: str, session: requests.Session, headers: dict) -> None:
    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def hold(case) -> None:
        case.call_and_validate(
            base_url=url, session=session, headers=headers, checks=CHECKS, timeout=60
        )

    hold()


def test_schemathesis_finds_no_server_error(served, described):
    headers = {"Authorization": f"Bearer {served.north}"}
    schema = schemathesis.openapi.from_dict(described)
    with requests.Session() as session:
        for found in schema.get_all_operations():
            check(found.ok(), served.url, session, headers)
