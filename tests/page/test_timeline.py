"""The timeline compares versions and brings old ones back."""

from __future__ import annotations

from page_steps import expect, go, sign_in


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
