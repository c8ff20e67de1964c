"""PersonaMem's official reading of a response: which letter was chosen, and was it right."""

from __future__ import annotations

import re

FINAL_ANSWER = "<final_answer>"
_CLOSING = "</final_answer>"
_IN_PARENTHESES = re.compile(r"\(([a-d])\)")
_ALONE = re.compile(r"\b([a-d])\b")
_THOUGHT = re.compile(r"<(think|thinking)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_THOUGHT_START = re.compile(r"<think(?:ing)?>", re.IGNORECASE)


def parse(response: str, gold: str) -> bool:
    """Tell whether a response chose the gold letter, given as "(c)" or "c".

    What follows the last `<final_answer>` counts if it names the gold letter and no other; if not,
    the whole response is read the same way. Letters in parentheses are taken; only where there are
    none, letters standing alone, among which the article "a" is one. This is the official rule to
    the letter: thinking text takes part, so remove it with `strip_thinking` before.
    """
    wanted = {gold.lower().strip("() ")}
    final = response.strip().split(FINAL_ANSWER)[-1].strip().removesuffix(_CLOSING)
    return _letters(final) == wanted or _letters(response) == wanted


def strip_thinking(response: str) -> str:
    """Drop the thinking of a reasoning model: `<think>…</think>` and `<thinking>…</thinking>`.

    Some chat templates open the thought in the prompt, so a closing tag alone ends one that began
    with the response. A thought that never ends takes the rest with it: no answer was reached.
    """
    response = _THOUGHT.sub("", response)
    response = _THOUGHT_END.split(response)[-1]
    return _THOUGHT_START.split(response)[0].strip()


def _letters(text: str) -> set[str]:
    text = text.lower()
    return set(_IN_PARENTHESES.findall(text)) or set(_ALONE.findall(text))
