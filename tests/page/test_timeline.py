"""The timeline compares versions and brings old ones back."""

from __future__ import annotations

import pytest
from page_steps import alert, expect, go, hold, sign_in


def test_the_timeline_compares_versions_and_rolls_back(page, server, taught):
    sign_in(page, server, taught("hal"))
    go(page, "Timeline")
    page.get_by_role("button", name="Compare with version 1").click()
    compared = page.get_by_label("Changes since version 1")
    expect(compared).to_contain_text("friday")
    page.get_by_role("button", name="Roll back to version 1").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Roll back to version 1")).to_be_focused()
    page.get_by_role("button", name="Roll back to version 1").click()
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_text("Version 3 is now as version 1 was.")).to_be_visible()
    expect(page.get_by_role("heading", name="Version 3")).to_be_visible()
    with server.client() as client:
        assert client.get("/v1/memories/hal").json()["summary"]["version"] == 3


@pytest.mark.parametrize(("user", "answer"), [("uma", "limit=1"), ("una", "/versions")])
def test_an_older_answer_that_comes_late_brings_no_older_version_back(
    page, server, taught, user, answer
):
    """Neither an older summary nor an older list of versions."""
    sign_in(page, server, taught(user))
    go(page, "Timeline")
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    held = hold(page, lambda url: answer in url)
    with page.expect_request(lambda request: answer in request.url):
        _roll_back(page, to=1)
    expect(page.get_by_text("Version 3 is now as version 1 was.")).to_be_visible()
    older = held[0].fetch()
    with page.expect_request(lambda request: answer in request.url):
        _roll_back(page, to=1)
    expect(page.get_by_text("Version 4 is now as version 1 was.")).to_be_visible()
    held[1].continue_()
    newest = page.get_by_role("heading", name="Version 4")
    expect(newest).to_be_visible()
    with page.expect_response(lambda response: answer in response.url):
        held[0].fulfill(response=older)
    page.wait_for_timeout(100)
    expect(newest).to_be_visible()
    expect(page.get_by_role("navigation")).to_contain_text("version 4")


def test_a_roll_back_that_fails_is_told_and_no_former_success(watched, server, taught):
    """Also where somebody else has made a version meanwhile, so that the list is read again."""
    page, watched.refused = watched.page, {404}
    sign_in(page, server, taught("ned"))
    go(page, "Timeline")
    _roll_back(page, to=1)
    expect(page.get_by_text("Version 3 is now as version 1 was.")).to_be_visible()
    expect(page.get_by_role("heading", name="Version 3")).to_be_visible()
    with server.client() as client:
        client.post("/v1/memories/ned/rollback", json={"version": 2})
        left = client.delete("/v1/memories/ned", params={"session": "monday"})
        assert left.json()["version"] == 5
    _roll_back(page, to=2)
    expect(page.get_by_role("heading", name="Version 5")).to_be_visible()
    expect(alert(page)).to_contain_text("Version 2 of user 'ned' is not stored")
    assert page.get_by_text("is now as").count() == 0


def _roll_back(page, to):
    page.get_by_role("button", name=f"Roll back to version {to}").click()
    page.get_by_role("button", name="Roll back", exact=True).click()
