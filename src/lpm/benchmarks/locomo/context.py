"""LoCoMo's turns as text, as the official context shows them."""

from __future__ import annotations


def said_line(speaker: str, text: str, caption: str | None = None) -> str:
    """Return a turn: `X said, "…"`, then what X shared."""
    shared = "" if caption is None else f" and shared {caption}."
    return f'{speaker} said, "{text}"{shared}'
