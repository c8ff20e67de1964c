"""Files and corrections are tried, learnt, refused or cancelled."""

from __future__ import annotations

from page_steps import FILE, alert, expect, facts, go, sign_in
from running_server import running


def test_a_dropped_file_is_tried_then_learnt(page, server):
    sign_in(page, server, "dan")
    go(page, "Teach")
    dropped = page.evaluate_handle(
        """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], "chat.jsonl"));
          return data;
        }""",
        FILE,
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": dropped})
    expect(page.get_by_text("chat.jsonl")).to_be_visible()
    page.get_by_role("button", name="See what the file would change").click()
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    assert facts(page, "What would change")["Sessions"] == "2 new, 0 known"
    with server.client() as client:
        assert client.get("/v1/memories/dan").status_code == 404
    page.get_by_role("button", name="Learn the file").click()
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(page.get_by_role("heading", name="Learnt: version 1")).to_be_visible()
    expect(page.get_by_role("navigation")).to_contain_text("version 1")


def test_a_file_that_cannot_be_used_is_refused_in_the_servers_words(watched, server):
    page, watched.refused = watched.page, {400}
    sign_in(page, server, "dee")
    go(page, "Teach")
    bad = {
        "name": "notes.jsonl",
        "mimeType": "",
        "buffer": FILE.encode() + b'\n{"role": "bot", "content": "x"}',
    }
    page.locator("input[type=file]").set_input_files(bad)
    page.get_by_role("button", name="Learn the file").click()
    expect(alert(page)).to_contain_text(
        "'notes.jsonl', line 3, has the unknown role 'bot'; use 'user', 'assistant' or 'system'."
    )


def test_what_waits_to_be_learnt_is_found_again_and_can_be_cancelled(browser, tmp_path):
    with running(tmp_path, workers=0) as server, browser.new_context() as context:
        page = context.new_page()
        sign_in(page, server, "don")
        go(page, "Teach")
        page.get_by_label("What is right now").fill("I sail in Riga now.")
        page.get_by_role("button", name="Learn it").click()
        expect(page.get_by_role("heading", name="Waiting its turn")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Waiting its turn")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled; nothing was changed.")).to_be_visible()
        with server.client() as client:
            (job,) = client.get("/v1/jobs", params={"user": "don"}).json()["data"]
        assert job["state"] == "cancelled"


def test_a_correction_is_a_session_of_its_own(page, server, taught):
    sign_in(page, server, "eli/100%?")  # any name has its place in a path
    go(page, "Teach")
    page.get_by_label("What is right now").fill("I sail in Turku now.")
    page.get_by_role("button", name="See what the correction would change").click()
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    page.get_by_role("button", name="Learn it").click()
    expect(page.get_by_role("heading", name="Learnt: version 1")).to_be_visible()
    go(page, "Slots")
    expect(page.get_by_text("I sail in Turku now.")).to_be_visible()
