"""Sessions, topics and whole users are forgotten, after a preview."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from page_steps import alert, expect, facts, go, hold, sign_in


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


def test_what_is_forgotten_is_what_was_looked_at(page, server, taught):
    """A preview that comes after the topic was changed shows nothing that could be confirmed."""
    sign_in(page, server, taught("mia"))
    go(page, "Forget")
    page.get_by_label("A topic").check()
    topic = page.get_by_role("textbox", name="Topic")
    topic.fill("dog")
    sent = []
    page.on("request", lambda request: request.method == "DELETE" and sent.append(request.url))
    _late_preview_is_hidden_after(page, topic.clear)
    topic.fill("dog")
    page.get_by_role("button", name="See what would go").click()
    page.get_by_role("button", name="Forget it for good").click()
    page.get_by_role("button", name="Forget", exact=True).click()
    expect(page.get_by_label("Receipt", exact=True)).to_contain_text("monday")
    assert sent and all("about=dog" in urlsplit(url).query for url in sent)


def test_a_preview_is_hidden_once_something_else_is_chosen(page, server, taught):
    sign_in(page, server, taught("nan"))
    go(page, "Forget")
    expect(page.get_by_role("button", name="See what would go")).to_be_enabled()
    _late_preview_is_hidden_after(page, page.get_by_label("A topic").check)
    with server.client() as client:
        assert client.get("/v1/memories/nan").json()["summary"]["version"] == 2


def test_a_part_without_a_name_is_refused_and_never_the_whole_user(watched, server, taught):
    page, watched.refused = watched.page, {400}
    sign_in(page, server, taught("ola"))
    for scope in ("session", "about"):
        for part in ("", None):
            status = page.evaluate(
                """async ([key, asked]) => {
                  const { Api } = await import("/page/api.js");
                  return new Api(key).forget("ola", asked).then(() => 200, (error) => error.status);
                }""",
                [server.north, {"scope": scope, "part": part}],
            )
            assert status == 400
    with server.client() as client:
        assert client.get("/v1/memories/ola").json()["summary"]["version"] == 2


def _late_preview_is_hidden_after(page, change):
    held = hold(page, lambda url: "dry_run=true" in url)
    with page.expect_request(lambda request: "dry_run=true" in request.url):
        page.get_by_role("button", name="See what would go").click()
    change()
    with page.expect_response(lambda answer: "dry_run=true" in answer.url):
        held[0].continue_()
    page.wait_for_timeout(100)
    assert page.get_by_role("button", name="Forget it for good").count() == 0
    page.unroute_all()
