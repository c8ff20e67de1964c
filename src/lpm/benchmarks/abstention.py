"""One documented rule for "the answer says that it does not know"."""

from __future__ import annotations

import re

_OPENERS = re.compile(
    r"^(?:(?:i am|im)? ?(?:so |very )?(?:sorry|afraid)|hmm+|well|unfortunately)\W+"
)
_WHO = r"(?:you|they|we|he|she|it|this|that|the user|nobody|no one)"
_TELL = (
    r"(?:tell|told|say|said|mention|mentioned|share|shared|state|stated|specify|specified|"
    r"provide|provided|discuss|discussed)"
)
_NOT = r"(?:not|never|did not|have not|has not|had not|was not|were not|is not|are not)"
_KNOW = r"(?:know|recall|remember|tell|say|answer|determine|find|have|see)"
_PHRASES = re.compile(
    r"\b(?:"
    rf"i (?:do|did|could|can|really do|honestly do) not (?:really |actually |yet )?{_KNOW}"
    r"|i (?:cannot|am unable to|am not able to|have no way to) "
    rf"(?:\w+ )?{_KNOW}"
    r"|i (?:am|was) not (?:sure|certain|aware)"
    r"|i (?:have|got) (?:no|not|never) "
    r"|no (?:idea|information|record|memory|mention|clue|data)\b"
    rf"|{_WHO} (?:has |have |had )?(?:{_NOT}) (?:yet |ever |actually )?(?:been )?{_TELL}"
    r"|nobody (?:ever )?told"
    r"|(?:not|never) (?:been )?(?:mentioned|specified|stated|told|said|given|provided|known)"
    r"|not (?:available|enough information|in (?:the|our) conversations?)"
    r"|(?:cannot|can not) be (?:determined|answered|known)"
    r"|insufficient information|idk"
    r")"
)
_UNKNOWN = re.compile(r"^(?:the answer is |it is |that is )?(?:unknown|unanswerable|none given)$")
_GUESS = re.compile(r"\b(?:maybe|perhaps|probably|possibly|likely|guess|might be|could be|but)\b")
_CONTRACTIONS = (("can't", "cannot"), ("won't", "will not"), ("n't", " not"), ("'m", " am"),
                 ("'ve", " have"), ("dont ", "do not "), ("havent ", "have not "))  # fmt: skip


def abstains(text: str) -> bool:
    """Tell whether an answer says that it does not know, or was never told, and leaves it at that.

    The first sentence, after an apology if there is one, must say so: "I don't know", "you never
    told me", "not mentioned", "no information available", "unknown" and their like. What follows
    must not guess ("…, but probably Paris"): who guesses has answered. The rule reads English, the
    language of the benchmarks; a plain refusal to help is no abstention, nor is an empty text.
    """
    text = text.lower().replace("\u2019", "'")
    for short, whole in _CONTRACTIONS:
        text = text.replace(short, whole)
    text = _OPENERS.sub("", " ".join(text.split()))
    first = re.split(r"[.!?]", text, maxsplit=1)[0].strip(" \"'")
    if _UNKNOWN.match(first):
        return True
    found = _PHRASES.search(first)
    return found is not None and not _GUESS.search(text, found.end())
