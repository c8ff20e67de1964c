"""Slots show what taught them, and the heat map what each question read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from page_steps import MONDAY, ask_both, expect, go, hold, sign_in

from lpm.memory import Memory

if TYPE_CHECKING:
    from playwright.sync_api import Route


def test_slots_name_the_turns_that_taught_them(page, server, taught):
    sign_in(page, server, taught("fia"))
    go(page, "Slots")
    rows = page.locator(".slots tbody tr")
    with server.client() as client:
        slots = client.get("/v1/memories/fia").json()["slots"]
    expect(rows).to_have_count(len(slots))
    for row, slot in zip(rows.all(), slots, strict=True):
        expect(row).to_contain_text(slot["sources"][0]["session_id"])
    expect(rows.first).to_contain_text("My dog is called Bo.")
    page.get_by_label("Find in slots").fill("gdansk")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Let the model put each slot into words").click()
    expect(page.locator(".told")).to_have_count(1)


def test_what_the_model_says_of_a_slot_never_stands_beside_one_of_another_version(
    page, server, taught
):
    """Somebody else has written a version that the page does not show yet; then it follows."""
    sign_in(page, server, taught("pia"))
    go(page, "Slots")
    rows, told = page.locator(".slots tbody tr"), page.locator(".told")
    expect(rows.first).to_be_visible()
    taught("pia", MONDAY | {"session": "sunday", "content": "My cat is called Mo."})
    held = hold(page, lambda url: url.endswith("/memories/pia"))
    with page.expect_request(lambda request: request.url.endswith("/memories/pia")):
        page.get_by_role("button", name="Let the model put each slot into words").click()
    expect(page.get_by_role("navigation")).to_contain_text("version 3")
    assert told.count() == 0
    held[0].continue_()
    with server.client() as client:
        slots = client.get("/v1/memories/pia").json()["slots"]
    expect(rows).to_have_count(len(slots))
    expect(told).to_have_count(len(slots))


def test_the_heat_map_shows_what_each_question_read(page, server, taught):
    sign_in(page, server, taught("gil"))
    questions = ("Where do I sail?", "What is my dog called?")
    for text in questions:
        ask_both(page, text)
    go(page, "Heat map")
    rows = page.locator(".heat tbody tr")
    expect(rows).to_have_count(2)
    for row, text in zip(rows.all(), questions, strict=True):
        with server.client() as client:
            read = client.post("/v1/memories/gil/explain", json={"message": text}).json()["slots"]
        weights = [round(100 * use["weight"]) for use in sorted(read, key=lambda use: use["slot"])]
        assert row.locator("th").inner_text() == text
        cells = row.locator("td:not(.untold)").all()
        assert [int(cell.text_content()) for cell in cells] == weights
    page.get_by_role("button", name="Slot 0").click()
    expect(page.locator(".slot-card")).to_contain_text("monday")
    page.get_by_text("The same as numbers").click()
    expect(page.get_by_role("region", name="Numbers")).to_contain_text("friday, turn 1")


def test_each_question_is_looked_at_once_in_a_new_version(page, server, taught):
    sign_in(page, server, taught("mia"))
    for text in ("Where do I sail?", "What is my dog called?", "Which day is it?"):
        ask_both(page, text)
    go(page, "Timeline")
    page.get_by_role("button", name="Roll back to version 1").click()
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_role("navigation")).to_contain_text("version 3")
    explained: list[str] = []

    def slowly(route: Route) -> None:
        explained.append(route.request.url)
        time.sleep(0.2)
        route.continue_()

    page.route(lambda url: url.endswith("/explain"), slowly)
    go(page, "Heat map")
    expect(page.locator(".heat tbody tr")).to_have_count(3)
    page.wait_for_timeout(500)
    assert len(explained) == 3


def test_the_exported_file_is_the_memory(page, server, taught):
    sign_in(page, server, taught("lou"))
    go(page, "Slots")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export the memory file").click()
    assert waiting.value.suggested_filename == "lou.lpm"
    saved = Memory.decode(Path(waiting.value.path()).read_bytes())
    stored = server.service.memories("north").store.get("lou")
    assert saved.encode() == stored.encode()


def test_what_people_say_is_shown_as_text(page, server, taught):
    said_so = "<img src=x onerror=alert(1)><b>bold</b>"
    sign_in(page, server, taught("oto", MONDAY | {"session": "<i>s</i>", "content": said_so}))
    go(page, "Slots")
    expect(page.get_by_text(said_so)).to_be_visible()
    assert page.locator("main img, main b, main i").count() == 0
