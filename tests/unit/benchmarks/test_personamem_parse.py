"""PersonaMem's official reading of a response, case by case; expectations worked out by hand."""

from __future__ import annotations

import pytest

from lpm.benchmarks.personamem import parse, strip_thinking

CASES = [
    # The asked-for form.
    ("<final_answer> (c)", "(c)", True),
    ("<final_answer>(c)", "(c)", True),
    ("<final_answer>(c)</final_answer>", "(c)", True),
    ("<final_answer> (c) </final_answer>", "(c)", True),
    ("<final_answer>c", "(c)", True),
    ("<final_answer> c.", "(c)", True),
    ("<final_answer>(C)", "(c)", True),
    ("<final_answer>C", "(c)", True),
    ("<final_answer> (b)", "(c)", False),
    ("  <final_answer> (c)  \n", "(c)", True),
    # Gold with and without parentheses.
    ("<final_answer> (c)", "c", True),
    ("<final_answer> (a)", "a", True),
    ("<final_answer> (a)", "(A)", True),
    ("<final_answer> (d)", "c", False),
    # Reasons before, the answer last.
    ("You said (a) once. <final_answer> (c)", "(c)", True),
    ("Between (a) and (b): <final_answer> (b)", "(b)", True),
    ("(c) <final_answer> (b)", "(b)", True),
    # The last special token counts.
    ("<final_answer> (a) no, <final_answer> (c)", "(c)", True),
    ("<final_answer> (c) no, <final_answer> (a)", "(a)", True),
    ("<final_answer> (c) no, <final_answer> (a)", "(c)", False),
    # Text behind the letter.
    ("<final_answer> (c) because you like tea", "(c)", True),
    ("<final_answer> option (d): walk", "(d)", True),
    ("<final_answer>\n(b)\n", "(b)", True),
    # Letters in parentheses come before letters alone.
    ("<final_answer> a good one is (c)", "(c)", True),
    ("<final_answer> a good one is (c)", "(a)", False),
    # The article "a" is a letter alone.
    ("<final_answer> a walk", "(a)", True),
    ("<final_answer> I would take a walk, c", "(c)", False),
    ("<final_answer> I would take a walk", "(c)", False),
    ("a walk would be nice", "(a)", True),
    ("the walk would be nice", "(a)", False),
    # Several letters are wrong.
    ("<final_answer> (a) (c)", "(c)", False),
    ("<final_answer> (a) or (c)", "(a)", False),
    ("<final_answer> c and d", "(c)", False),
    ("<final_answer> (c)(c)", "(c)", True),
    ("<final_answer> (c), I say (c)", "(c)", True),
    # Nothing behind the token: the whole response is read.
    ("(c) <final_answer>", "(c)", True),
    ("(b) <final_answer>", "(c)", False),
    ("I choose c <final_answer>", "(c)", True),
    # Wrong behind the token: the whole response may still be right only if it names one letter.
    ("(c) <final_answer> (a)", "(c)", False),
    ("(c) <final_answer> none", "(c)", True),
    ("(c) <final_answer> a walk", "(c)", True),
    ("(a) <final_answer> none", "(c)", False),
    # Without the token.
    ("(c)", "(c)", True),
    ("c", "(c)", True),
    ("C", "(c)", True),
    ("The answer is (c).", "(c)", True),
    ("The answer is c.", "(c)", True),
    ("Answer: (C) tea", "(c)", True),
    ("(a) and (c)", "(c)", False),
    ("(e)", "(c)", False),
    ("abc", "(c)", False),
    ("c4", "(c)", False),
    ("c_", "(c)", False),
    ("vitamin c", "(c)", True),
    ("plan b or plan c", "(c)", False),
    ("", "(c)", False),
    ("   ", "(c)", False),
    ("none of them", "(c)", False),
    # Forms that are no letter in parentheses.
    ("( c )", "(c)", True),
    ("[c]", "(c)", True),
    ("(cc)", "(c)", False),
    ("(c", "(c)", True),
    ("c)", "(c)", True),
    ("d) not c", "(d)", False),
    # A closing tag alone, and the token in another case, are text.
    ("(c)</final_answer>", "(c)", True),
    ("(a) <FINAL_ANSWER> (c)", "(c)", False),
    # Thinking takes part in the fallback unless it is removed.
    ("<think>(a)?</think> <final_answer> (c)", "(c)", True),
    ("<think>maybe (a)</think> (c)", "(c)", False),
    ("<think>(c)</think> tea", "(c)", True),
]


@pytest.mark.parametrize(("response", "gold", "right"), CASES)
def test_a_response_is_read_as_by_the_official_code(response: str, gold: str, right: bool) -> None:
    assert parse(response, gold) is right


@pytest.mark.parametrize(
    ("response", "left"),
    [
        ("<think>maybe (a)</think> (c)", "(c)"),
        ("<thinking>(a)</thinking>\n\n(c)", "(c)"),
        ("maybe (a)</think> (c)", "(c)"),
        ("(c)", "(c)"),
        ("<think>(c) and so on", ""),
    ],
)
def test_thinking_can_be_taken_out_first(response: str, left: str) -> None:
    assert strip_thinking(response) == left
