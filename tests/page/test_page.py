"""The page at `/` in a real Chromium, against a real server."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from running_server import Running, ask, running, said

from lpm.memory import Memory

playwright = pytest.importorskip("playwright.sync_api", reason="the extra `dev` is not installed")
from axe_playwright_python.sync_playwright import Axe  # noqa: E402

Page = playwright.Page
expect = playwright.expect
expect.set_options(timeout=30_000)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWS = ("Chat", "Heat map", "Slots", "Teach", "Timeline", "Forget")
MONDAY = {
    "session": "monday", "time": "2024-03-04", "role": "user", "content": "My dog is called Bo.",
}  # fmt: skip
FRIDAY = {
    "session": "friday", "time": "2024-03-08", "role": "user", "content": "I sail in Gdansk now.",
}  # fmt: skip
FILE = f"{json.dumps(MONDAY)}\n{json.dumps(FRIDAY)}"


@dataclass
class Watched:
    """What a page did. refused: the statuses of failed requests that its test wants."""

    page: Page
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    def errors(self) -> list[str]:
        wanted = re.compile(rf"status of ({'|'.join(map(str, self.refused)) or 'none'})")
        return [line for line in self.console if not wanted.search(line)]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("page")) as made:
        yield made


@pytest.fixture
def watched(browser: playwright.Browser, server: Running) -> Iterator[Watched]:
    """A page that asks nobody but the server and logs no error, or the test fails."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(30_000)
    found = Watched(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda told: found.console.append(f"{told.type}: {told.text}"))
    found.page.on("pageerror", lambda error: found.console.append(f"uncaught: {error}"))
    yield found
    requests, errors = found.requests, found.errors()
    context.close()
    assert requests and not errors
    for url in requests:
        assert f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" in (server.url, "blob://"), url
        assert server.north not in url


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


@pytest.fixture
def taught(server: Running) -> Callable[..., str]:
    """Return a function that teaches a user what FILE says, one version a session."""

    def teach(user: str, *lines: dict[str, str]) -> str:
        with server.client() as client:
            for line in lines or (MONDAY, FRIDAY):
                answer = client.post(
                    f"/v1/memories/{user}/file-sessions",
                    params={"refine_steps": 0},
                    content=json.dumps(line),
                )
                assert answer.status_code == 201, answer.text
        return user

    return teach


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


def alert(page: Page) -> playwright.Locator:
    """Return what an alert says; empty ones wait for something to say."""
    return page.get_by_role("alert").filter(has_text=re.compile("."))


def facts(page: Page, label: str) -> dict[str, str]:
    listed = page.get_by_label(label, exact=True)
    expect(listed).to_be_visible()
    names, values = listed.locator("dt").all_inner_texts(), listed.locator("dd").all_inner_texts()
    return dict(zip(names, values, strict=True))


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


def test_both_sides_answer_with_their_numbers(page, server, taught):
    sign_in(page, server, taught("bea"))
    ask_both(page, "Where do I sail?")
    for name, mode in (("With memory", "memory"), ("Without memory", "no-memory")):
        with server.client() as client:
            told = ask(client, "bea", "Where do I sail?", memory=mode)
        usage = told.json()["usage"]
        side = page.locator(".answer", has_text=name)
        assert side.locator(".said").inner_text().strip() == said(told).strip()
        shown = dict(
            zip(
                side.locator("dt").all_inner_texts(),
                side.locator("dd").all_inner_texts(),
                strict=True,
            )
        )
        soft = f" + {usage['soft_tokens']}" if mode == "memory" else ""
        assert shown["Tokens in"].startswith(f"{usage['prompt_tokens']}{soft}")
        assert shown["Tokens out"] == str(usage["completion_tokens"])
        assert shown["KV cache"].endswith("B") and float(shown["Time"].split()[0]) > 0
    expect(page.get_by_text("Read slot")).to_be_visible()
    expect(page.locator("[aria-live=polite]").first).to_contain_text("With memory:")


def test_a_chat_can_be_remembered(page, server, taught):
    sign_in(page, server, taught("cat"))
    ask_both(page, "Where do I sail in spring?")
    page.get_by_role("button", name="Remember this chat").click()
    expect(page.get_by_text("Remembered: version 3")).to_be_visible()
    with server.client() as client:
        kept = client.get("/v1/memories/cat/sessions").json()["data"]
    assert kept[-1]["turns"][0]["content"] == "Where do I sail in spring?"


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


def test_the_exported_file_is_the_memory(page, server, taught):
    sign_in(page, server, taught("lou"))
    go(page, "Slots")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export the memory file").click()
    assert waiting.value.suggested_filename == "lou.lpm"
    saved = Memory.decode(Path(waiting.value.path()).read_bytes())
    stored = server.service.memories("north").store.get("lou")
    assert saved.encode() == stored.encode()


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
        found = Axe().run(page).response
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


def test_what_people_say_is_shown_as_text(page, server, taught):
    said_so = "<img src=x onerror=alert(1)><b>bold</b>"
    sign_in(page, server, taught("oto", MONDAY | {"session": "<i>s</i>", "content": said_so}))
    go(page, "Slots")
    expect(page.get_by_text(said_so)).to_be_visible()
    assert page.locator("main img, main b, main i").count() == 0


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
