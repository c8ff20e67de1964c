"""Every view works by keyboard alone and passes axe-core, light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from page_steps import ask_both, expect, go, sign_in

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="the extra `dev` is not installed"
)
VIEWS = ("Chat", "Heat map", "Slots", "Teach", "Timeline", "Forget")


def test_the_keyboard_alone_is_enough(page, server, taught):
    """From the key to a forgotten session, with the focus seen at every stop."""
    taught("mia")

    def reach(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            stop = page.evaluate(
                """() => {
                  const at = document.activeElement;
                  if (at === document.body) return ["", true];
                  const held = at.closest(".drop") ?? at;
                  return [at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || "",
                          getComputedStyle(held).outlineStyle !== "none" || at.type === "file"];
                }"""
            )
            assert stop[1], f"the focus on {stop[0]!r} is not seen"
            if stop[0].strip().startswith(name):
                return
        raise AssertionError(f"{name} is not reached by Tab")

    page.goto(server.url)
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type(server.north)
    page.keyboard.press("Enter")
    expect(page.get_by_label("User", exact=True)).to_be_focused()
    page.keyboard.type("mia")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Message")).to_be_focused()
    page.keyboard.type("Who am I?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_contain_text("Time")
    page.keyboard.press("Shift+Tab")
    reach("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.reload()
    reach("Forget")
    page.keyboard.press("Enter")
    reach("Session")
    reach("See what would go")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What would go")).to_be_visible()
    reach("Forget it for good")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Forget it for good")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 400)])
def test_every_view_is_accessible_in_light_and_dark_wide_and_narrow(
    page, server, taught, scheme, width
):
    """axe-core finds nothing, contrast included, and nothing is wider than the window."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})

    def check(view: str) -> None:
        found = axe.Axe().run(page).response
        told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
        assert not told, view
        assert "color-contrast" in {one["id"] for one in found["passes"]}
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view

    page.goto(server.url)
    expect(page.get_by_label("API key")).to_be_visible()
    check("Sign in")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 20, 18)"
    assert dark == (scheme == "dark")
    sign_in(page, server)
    expect(page.get_by_role("heading", name="Whose memory?")).to_be_visible()
    check("Users")
    page.get_by_label("User", exact=True).fill(taught("noa"))
    page.get_by_label("User", exact=True).press("Enter")
    ask_both(page, "What is the name of my dog?")
    expect(page.get_by_text("Read slot")).to_be_visible()
    for view in VIEWS:
        go(page, view)
        expect(page.get_by_role("link", name=view, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        expect(page.locator("progress")).to_have_count(0)
        check(view)
    page.get_by_role("button", name="See what would go").click()
    expect(page.get_by_role("heading", name="What would go")).to_be_visible()
    check("Preview")
    page.get_by_role("button", name="Forget it for good").click()
    check("Dialog")
