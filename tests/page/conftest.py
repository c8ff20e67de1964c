"""One Chromium and one server a test file, a watched page, and users who were taught."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from running_server import Running, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """What a page did. refused: the statuses of failed requests that its test wants."""

    page: Page
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    def errors(self) -> list[str]:
        wanted = re.compile(rf"status of ({'|'.join(map(str, self.refused)) or 'none'})")
        return [line for line in self.console if not wanted.search(line)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="`dev` is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed here")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("page")) as made:
        yield made


@pytest.fixture
def watched(browser: Browser, server: Running) -> Iterator[Watched]:
    """A page that asks nobody but the server and logs no error, or the test fails."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(30_000)
    found = Watched(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda told: found.console.append(f"{told.type}: {told.text}"))
    found.page.on("pageerror", lambda error: found.console.append(f"uncaught: {error}"))
    yield found
    requests, errors = found.requests, found.errors()
    context.close()
    assert requests and not errors
    for url in requests:
        assert f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" in (server.url, "blob://"), url
        assert server.north not in url


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


@pytest.fixture
def taught(server: Running) -> Callable[..., str]:
    """Return a function that teaches a user two sessions or those given, one version a session."""

    from page_steps import FRIDAY, MONDAY

    def teach(user: str, *lines: dict[str, str]) -> str:
        with server.client() as client:
            for line in lines or (MONDAY, FRIDAY):
                answer = client.post(
                    f"/v1/memories/{user}/file-sessions",
                    params={"refine_steps": 0},
                    content=json.dumps(line),
                )
                assert answer.status_code == 201, answer.text
        return user

    return teach
