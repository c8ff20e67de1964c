"""Sessions, topics and whole users are forgotten, after a preview."""

from __future__ import annotations

import json
from pathlib import Path

from page_steps import alert, expect, facts, go, sign_in


def test_a_session_is_forgotten_after_a_preview_and_the_receipt_can_be_kept(page, server, taught):
    sign_in(page, server, taught("ida"))
    go(page, "Forget")
    page.get_by_label("Session", exact=True).select_option(index=1)
    page.get_by_role("button", name="See what would go").click()
    expect(page.get_by_label("Preview", exact=True)).to_contain_text("friday")
    with server.client() as client:
        assert client.get("/v1/memories/ida").json()["summary"]["version"] == 2
    page.get_by_role("button", name="Forget it for good").click()
    page.get_by_role("button", name="Forget", exact=True).click()
    shown = facts(page, "Receipt")
    assert shown["Sessions"] == "friday" and shown["Versions removed"] == "2"
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the receipt").click()
    receipt = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert receipt["sessions_removed"] == ["friday"] and not receipt["dry_run"]
    with server.client() as client:
        left = client.get("/v1/memories/ida/sessions").json()["data"]
    assert "friday" not in {item["session_id"] for item in left}


def test_a_topic_nobody_spoke_of_is_told(watched, server, taught):
    page, watched.refused = watched.page, {400}
    sign_in(page, server, taught("jon"))
    go(page, "Forget")
    page.get_by_label("A topic").check()
    page.get_by_role("textbox", name="Topic").fill("zeppelin")
    page.get_by_role("button", name="See what would go").click()
    expect(alert(page)).to_contain_text("No stored turn of user 'jon' speaks of")


def test_everything_is_forgotten_only_after_the_name_was_typed(page, server, taught):
    sign_in(page, server, taught("kim"))
    go(page, "Forget")
    page.get_by_label("Everything").check()
    page.get_by_role("button", name="See what would go").click()
    page.get_by_role("button", name="Forget it for good").click()
    button = page.get_by_role("button", name="Forget", exact=True)
    expect(button).to_be_disabled()
    page.get_by_label("Type kim to go on").fill("kim")
    button.click()
    expect(page.get_by_label("Receipt", exact=True)).to_contain_text("everything")
    expect(page.get_by_role("navigation")).to_contain_text("nothing remembered yet")
    with server.client() as client:
        assert client.get("/v1/memories/kim").status_code == 404


def test_where_the_sessions_cannot_be_read_none_can_be_looked_at(watched, server, taught):
    page, watched.refused = watched.page, {503}
    sign_in(page, server, taught("lea"))
    page.route("**/sessions?*", lambda route: route.fulfill(status=503, json={}))
    go(page, "Forget")
    expect(alert(page)).to_be_visible()
    expect(page.get_by_role("button", name="See what would go")).to_be_disabled()
