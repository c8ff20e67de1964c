"""What people do on the page, and what they read there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from running_server import Running

playwright = pytest.importorskip("playwright.sync_api", reason="the extra `dev` is not installed")

Page = playwright.Page
expect = playwright.expect
expect.set_options(timeout=30_000)
MONDAY = {
    "session": "monday", "time": "2024-03-04", "role": "user", "content": "My dog is called Bo.",
}  # fmt: skip
FRIDAY = {
    "session": "friday", "time": "2024-03-08", "role": "user", "content": "I sail in Gdansk now.",
}  # fmt: skip
FILE = f"{json.dumps(MONDAY)}\n{json.dumps(FRIDAY)}"


def sign_in(page: Page, server: Running, user: str | None = None) -> None:
    page.goto(server.url)
    page.get_by_label("API key").fill(server.north)
    page.get_by_role("button", name="Sign in").click()
    if user is not None:
        page.get_by_label("User", exact=True).fill(user)
        page.get_by_label("User", exact=True).press("Enter")
        expect(page.get_by_role("navigation")).to_contain_text("tiny-qwen3")


def go(page: Page, view: str) -> None:
    page.get_by_role("link", name=view, exact=True).click()


def ask_both(page: Page, text: str) -> None:
    page.get_by_label("Longest answer").fill("6")
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("button", name="Ask")).to_be_visible()
    expect(page.locator(".turn").last).to_contain_text("Time")


def hold(page: Page, wanted: Callable[[str], bool]) -> list[playwright.Route]:
    """Return the requests to such addresses as they come; each waits until it is let go."""
    held: list[playwright.Route] = []
    page.route(wanted, lambda route: held.append(route))
    return held


def alert(page: Page) -> playwright.Locator:
    """Return what an alert says; empty ones wait for something to say."""
    return page.get_by_role("alert").filter(has_text=re.compile("."))


def facts(page: Page, label: str) -> dict[str, str]:
    listed = page.get_by_label(label, exact=True)
    expect(listed).to_be_visible()
    names, values = listed.locator("dt").all_inner_texts(), listed.locator("dd").all_inner_texts()
    return dict(zip(names, values, strict=True))
