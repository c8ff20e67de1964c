"""Take the pictures of docs/page.md: the embedded backbone, a person of the demo, a real Chromium.

    python scripts/page_pictures.py

Needs the extra `dev` and a Chromium; takes about two minutes on two cores.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, sync_playwright

from lpm.server.app import build_service, create_app
from lpm.server.settings import ServerSettings

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
HISTORY = ROOT / "src" / "lpm" / "demo" / "data" / "ines.jsonl"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]
QUESTIONS = (
    "What is my profession?",
    "In what city is my hospital?",
    "What sort of books do I like at the moment?",
    "Where did my grandmother live?",
    "What instrument do I play?",
)


@contextmanager
def served(home: str) -> Iterator[str]:
    """Serve the embedded backbone to one person on this machine until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(build_service(ServerSettings(home=home, open_access=True)))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def teach(page: Page) -> None:
    """Learn the history and one correction."""
    page.get_by_role("link", name="Teach", exact=True).click()
    page.locator("input[type=file]").set_input_files(HISTORY)
    page.get_by_role("button", name="Learn the file").click()
    page.get_by_role("heading", name="Learnt: version 1").wait_for()
    page.get_by_label("What is right now").fill("I sold the cello. I play the accordion now.")
    page.get_by_role("button", name="Learn it").click()
    page.get_by_role("heading", name="Learnt: version 2").wait_for()


def ask(page: Page, question: str) -> None:
    """Ask both sides and wait for what was read."""
    page.get_by_label("Message").fill(question)
    page.keyboard.press("Enter")
    page.locator(".turn", has_text=question).locator(".read").wait_for()


def take(page: Page, name: str, scheme: str, width: int, height: int) -> None:
    """Write one picture."""
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(200)
    page.screenshot(path=IMAGES / f"page-{name}.png")


def main() -> None:
    """Walk through the page as a person would."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, served(home) as url, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1120, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(url)
        page.get_by_label("User", exact=True).fill("ines")
        page.keyboard.press("Enter")
        teach(page)
        page.get_by_role("link", name="Chat", exact=True).click()
        page.get_by_label("Longest answer").fill("40")
        page.get_by_label("Send earlier turns too").uncheck()
        for number, question in enumerate(QUESTIONS, start=1):
            ask(page, question)
            if number == 2:
                take(page, "chat", "light", 1120, 920)
        page.get_by_role("link", name="Heat map").click()
        page.locator(".slot-card").wait_for()
        take(page, "heat-map", "dark", 1120, 700)
        page.get_by_role("link", name="Slots").click()
        page.locator(".slots").wait_for()
        take(page, "slots", "light", 1120, 760)
        page.get_by_role("link", name="Forget", exact=True).click()
        page.get_by_label("A topic").check()
        page.get_by_role("textbox", name="Topic").fill("grandmother")
        page.get_by_role("button", name="See what would go").click()
        page.get_by_role("button", name="Forget it for good").wait_for()
        take(page, "forget", "dark", 400, 960)
        browser.close()


if __name__ == "__main__":
    main()
