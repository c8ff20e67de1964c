"""The page comes with a strict policy, and nothing but its own files is served."""

from __future__ import annotations

import re

import httpx
from page_steps import expect


def test_the_policy_lets_no_other_script_run(watched, server):
    page = watched.page
    answer = page.goto(server.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    expect(page.get_by_label("API key")).to_be_visible()
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          try { script.text = "window.ran = 1"; document.head.append(script); } catch {}
        }"""
    )
    assert page.evaluate("window.ran") is None
    assert any("Security Policy" in line or "TrustedScript" in line for line in watched.console)
    watched.console.clear()


def test_files_of_the_page_are_served_whole_and_nothing_else_is(server):
    with httpx.Client(base_url=server.url) as client:
        index = client.get("/")
        assert index.headers["content-type"] == "text/html; charset=utf-8"
        for path in re.findall(r'(?:href|src)="(/[^"]+)"', index.text):
            part = client.get(path)
            assert part.status_code == 200 and part.headers["x-content-type-options"] == "nosniff"
            again = client.get(path, headers={"If-None-Match": part.headers["etag"]})
            assert again.status_code == 304
        for path in ("/page/../__init__.py", "/page/%2e%2e/__init__.py", "/page/none.js", "/page/"):
            assert client.get(path).status_code == 404
        assert server.north not in client.get("/page/server.json").text
