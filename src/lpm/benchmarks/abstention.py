"""One documented rule for "the answer says that it does not know"."""

from __future__ import annotations

import re

_SPELLINGS = (("\u2019", "'"), ("can't", "cannot"), ("can not", "cannot"), ("won't", "will not"),
              ("n't", " not"), ("'m", " am"), ("'ve", " have"), ("it's", "it is"),
              ("there's", "there is"), ("dont ", "do not "), ("havent ", "have not "))  # fmt: skip

# A sentence goes on after an initial and a title: "J. Doe", "Dr. Doe".
_SENTENCE_END = re.compile(
    r"(?<!\b\w)(?<!\b(?:dr|mr|ms|st))(?<!\bmrs)[.!?;]+\s+|\n+|\u2014|\s[\u2013-]+\s"
)
_CLAUSE_END = re.compile(
    r"[\s,]+(?=(?:but|however|although)\b)"
    r"|,\s+(?=(?:and )?(?:so|as|since|because|i|you|he|she|it|they|we|there|sorry)\b)"
)
_SOURCE = r"(?:conversations?|dialogues?|chats?|history|text|context|passage|memory|information)\b"
# An apology, a word that claims nothing, a source, who is spoken to, or a label: "Answer:".
_OPENER = re.compile(
    r"^(?:(?:(?:i am )?(?:so |very )?(?:sorry|afraid)\b"
    r"(?: (?:for|about) (?:that|(?:the|any|this) \w+)| that)?"
    r"|(?:unfortunately|well|hmm+|actually|honestly|to be honest|i think|i believe)\b|no(?=,)"
    r"|(?:but|however|although|and|so|since|because|as(?! an? ))\b"
    rf"|(?:as an?|based on|according to|from|in) [^,]{{0,80}}\b(?:ai|model|{_SOURCE})[^,]*(?=,)"
    r"|\w+(?=, (?:you (?:have|did|never)|no information)\b)|[^:,]{1,80}:(?=\s|$))\W*)+"
)
_HARMLESS = re.compile(
    r"|(?:please|let me know|feel free|if you (?:tell|told|share|want)|thank you|i apologi[sz]e|"
    r"(?:can|could|would|will) you|do you want|how (?:can|may) i help|is there anything)\b.*"
)
_GUESS = re.compile(r"\b(?:maybe|perhaps|probably|possibly|likely|guess|might be|could be)\b")

_IS = r"(?:is|are|was|were|remains?)"
_HAS = rf"(?:{_IS}|has|have|had|do|does|did)"
_NOT = r"(?:not|never)(?: (?:yet|ever|actually|explicitly|specifically|been))*"
# Whatever is asked for; "a reason that is not mentioned" belongs to an answer.
_ASKED = r"[^,:]{1,80}(?<! that)(?<! which)(?<! who)(?<! you)"
_TELLER = rf"[^,:]{{0,40}}\b{_SOURCE}[^,:]{{0,80}}"
_LACKS = rf"(?:{_ASKED} {_HAS} |(?!do )\w+ )?{_NOT}"
_SAID = r"(?:mention|sa[iy]|specif|stated?|provided?|discuss|indicate|contain|include)\w*"
_FACTS = r"(?:information|records?|mention|memory|details?|data|idea|clue|access)\b"
_REST = r"(?: .*)?"
_WHERE = r"(?: (?:it|that|in|here|by|if|whether|where|when|who|what|which|why|how)\b.*)?"
_STATEMENT = re.compile(
    "|".join(
        (
            rf"i (?:\w+ly )?do not (?:\w+ly )?(?:know|recall|remember){_REST}",
            r"i (?:cannot|could not|am unable to|am not able to|have no way to) (?:\w+ )?(?:know|"
            rf"recall|remember|tell|say|answer|determine){_REST}",
            rf"i (?:do not|cannot|could not) (?:find|see) (?:any|it|that){_REST}",
            rf"i am not (?:sure|certain|aware){_REST}|idk",
            rf"i do not have (?:access to )?(?:\w+ ){{0,2}}{_FACTS}{_REST}",
            rf"(?:(?:i have(?: got)?|there {_IS}|{_TELLER} (?:has|have|contains?)) )?"
            rf"(?:no|not any|not enough|insufficient) (?:\w+ ){{0,2}}{_FACTS}{_REST}",
            rf"(?:you|{_TELLER}) (?:{_HAS} )?{_NOT} (?:{_SAID}|shared?){_REST}",
            rf"{_LACKS} {_SAID}{_WHERE}",
            rf"(?:you {_HAS} {_NOT}|{_LACKS}) (?:tell|told)(?: (?:me|us){_REST}|{_WHERE})",
            rf"(?:nobody|no one) (?:has |ever )*(?:told me|{_SAID}){_REST}",
            rf"(?:{_ASKED} {_IS} )?(?:unknown|unanswerable|unclear|none given|"
            r"no information available|not (?:known|given|clear|in (?:the|our) conversations?))"
            rf"{_WHERE}",
            rf"(?:(?:{_TELLER}|it|that) {_IS} )?not available{_REST}",
            rf"(?:{_ASKED} )?cannot be (?:determined|answered|known|found){_REST}",
        )
    )
)


def abstains(text: str) -> bool:
    """Tell whether an answer says that it does not know, or was never told, and leaves it at that.

    All that it states must be that: "I don't know", "you never told me", "the conversation does not
    mention where Ann lives", "her job is unknown" and their like. Apologies, requests and repeats
    may stand beside it. Who guesses or states a fact, before it ("Paris, but I'm not sure") or
    after it ("I don't know. Paris."), has answered, and so has who states a fact "for a reason that
    is not mentioned". The rule reads English, the language of the benchmarks; a plain refusal to
    help is no abstention, nor is an empty text.
    """
    text = text.lower()
    for written, read in _SPELLINGS:
        text = text.replace(written, read)
    stated = [clause for clause in _clauses(text) if not _HARMLESS.fullmatch(clause)]
    abstaining = [clause for clause in stated if _STATEMENT.fullmatch(clause)]
    # The limit of an answer's length may cut its last repeat off.
    says_more = any(not any(a.startswith(clause) for a in abstaining) for clause in stated)
    return bool(abstaining) and not says_more and not _GUESS.search(text)


def _clauses(text: str) -> list[str]:
    """Return what a text says piece by piece, without quotation marks and opening words."""
    found = []
    for sentence in _SENTENCE_END.split(text):
        plain = " ".join(re.sub(r'["\u201c\u201d*]', "", sentence).split()).strip(" '")
        found += _CLAUSE_END.split(_OPENER.sub("", plain))
    return [_OPENER.sub("", clause).strip(" .,;:!?'") for clause in found]
