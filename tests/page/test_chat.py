"""The chat answers with and without the memory, side by side."""

from __future__ import annotations

from page_steps import ask_both, expect, sign_in
from running_server import ask, said


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
