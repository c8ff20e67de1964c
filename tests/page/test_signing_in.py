"""A key lets in, stays in this tab, and opens the list of users."""

from __future__ import annotations

from dataclasses import replace

from page_steps import MONDAY, alert, expect, hold, sign_in
from running_server import running


def test_a_wrong_key_is_told_and_a_right_one_lets_in(watched, server, taught):
    page, watched.refused = watched.page, {401}
    taught("ann")
    page.goto(server.url)
    page.get_by_role("button", name="Sign in").click()
    expect(alert(page)).to_contain_text("lpm keys create")
    page.get_by_label("API key").fill("lpm_0_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(alert(page)).to_contain_text("The API key is wrong or revoked")
    page.get_by_label("API key").fill(server.north)
    page.get_by_label("API key").press("Enter")
    page.get_by_role("button", name="ann").click()
    expect(page.get_by_role("navigation")).to_contain_text("version 2")


def test_the_key_lives_in_this_tab_alone(page, server, taught):
    sign_in(page, server, taught("abe"))
    page.reload()
    expect(page.get_by_role("navigation")).to_contain_text("slots")
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.get_by_role("navigation")).to_have_count(0)


def test_a_server_without_keys_asks_for_none(browser, tmp_path):
    with running(tmp_path, open_access=True) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(server.url)
        page.get_by_label("User", exact=True).fill("ann")
        page.get_by_role("button", name="Begin new").click()
        expect(page.get_by_role("navigation")).to_contain_text("nothing remembered yet")


def test_users_come_in_pages_and_by_their_beginning(page, server, taught):
    store = server.service.memories("north").store
    memory = store.get(taught("many", MONDAY))
    for number in range(20):
        store.put(replace(memory, user=f"many{number:02}"))
    sign_in(page, server)
    page.get_by_label("User", exact=True).fill("many")
    listed = page.get_by_role("list", name="Users").get_by_role("button")
    expect(listed.last).to_contain_text("many18")
    page.get_by_role("button", name="Show more").click()
    expect(listed).to_have_count(21)
    page.get_by_label("User", exact=True).fill("many07")
    expect(listed).to_have_count(1)
    page.get_by_label("User", exact=True).fill("..")
    page.get_by_role("button", name="Begin new").click()
    expect(alert(page)).to_contain_text("dots alone")


def test_an_answer_that_comes_too_late_changes_no_list(page, server, taught):
    """What "Show more" brings belongs to the beginning that stood there when it was pressed."""
    store = server.service.memories("north").store
    memory = store.get(taught("late", MONDAY))
    for number in range(20):
        store.put(replace(memory, user=f"late{number:02}"))
    held = hold(page, lambda url: "after=late" in url)
    sign_in(page, server)
    name = page.get_by_label("User", exact=True)
    listed = page.get_by_role("list", name="Users").get_by_role("button")
    with page.expect_response(lambda answer: "prefix=late&" in answer.url):
        name.fill("late")
    with page.expect_request(lambda request: "after=late" in request.url):
        page.get_by_role("button", name="Show more").click()
    name.fill("late07")
    expect(listed).to_have_count(1)
    with page.expect_response(lambda answer: "after=late" in answer.url):
        held[0].continue_()
    page.wait_for_timeout(100)
    expect(listed).to_have_count(1)


def test_that_nobody_has_such_a_name_is_said_of_the_newest_question_alone(page, server, taught):
    taught("pam", MONDAY)
    sign_in(page, server)
    name = page.get_by_label("User", exact=True)
    nobody = page.get_by_text("Nobody's name begins like that")
    name.fill("zz")
    expect(nobody).to_be_visible()
    held = hold(page, lambda url: "prefix=" in url)
    with page.expect_request(lambda request: "prefix=zzz&" in request.url):
        name.fill("zzz")
    with page.expect_request(lambda request: "prefix=pam&" in request.url):
        name.fill("pam")
    with page.expect_response(lambda answer: "prefix=zzz&" in answer.url):
        held[0].continue_()
    page.wait_for_timeout(100)
    assert nobody.count() == 0
    held[1].continue_()
    expect(page.get_by_role("button", name="pam")).to_be_visible()
