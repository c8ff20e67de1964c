"""One self-contained HTML page about a demo run: no script, no outside request.

The page is well-formed XML too, so that a test can hold every piece of foreign text to be escaped.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lpm.demo.charts import bar_rows, clean, heat_map, line_chart, log_shares, megabytes
from lpm.demo.people import RULES
from lpm.files import write_atomic

if TYPE_CHECKING:
    from lpm.demo.run import Asked, DemoResult, PersonResult, Reply

_ORDER: tuple[Literal["no-memory", "full-context", "memory"], ...] = (
    "no-memory",
    "full-context",
    "memory",
)
_LABELS = {"no-memory": "no memory", "full-context": "full history", "memory": "memory"}


def write_report(result: DemoResult, path: Path) -> None:
    """Write the page; conversation text in it is escaped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, page(result).encode())


def page(result: DemoResult) -> str:
    """Return the page."""
    style = (files("lpm.demo") / "report.css").read_text(encoding="utf-8")
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width,initial-scale=1"/>',
        # Even a mistake in the escaping could then fetch and run nothing.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>",
        f"<title>Latent Personal Memory: demo</title><style>{style}</style></head><body>",
        _headline(result),
        _table(result),
        _accuracy(result),
        _kv_bytes(result),
        _losses(result),
        *(_person(person) for person in result.people),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _headline(result: DemoResult) -> str:
    memory, context = result.summary("memory"), result.summary("full-context")
    plain = result.summary("no-memory")
    times = context["kv_bytes"] / max(1.0, memory["kv_bytes"])
    names = ", ".join(person.name for person in result.people)
    return (
        f"<h1>{memory['right']:.0f} of {memory['n']:.0f} questions right from the memory, "
        f"{context['right']:.0f} with the full history in the context at {times:.3g} times the "
        f"KV-cache, {plain['right']:.0f} without either</h1>"
        f"<p>{clean(names)} talked with the frozen LLM {clean(result.backbone)}. Their memories "
        "were learnt from the raw conversations; the questions use other words.</p>"
    )


def _table(result: DemoResult) -> str:
    rows = []
    for mode in _ORDER:
        total = result.summary(mode)
        cells = (
            ("right", f"{total['right']:.0f} of {total['n']:.0f}"),
            ("prompt tokens", f"{total['prompt_tokens']:.0f}"),
            ("soft tokens", f"{total['soft_tokens']:.0f}"),
            ("KV-cache", megabytes(total["kv_bytes"])),
            ("seconds", f"{total['seconds']:.2f}"),
        )
        shown = "".join(f'<td data-label="{name}"><div>{value}</div></td>' for name, value in cells)
        rows.append(f'<tr><th scope="row">{_LABELS[mode]}</th>{shown}</tr>')
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("", "right", "prompt tokens", "soft tokens", "KV-cache", "seconds")
    )
    rules = sorted({asked.rule for person in result.people for asked in person.asked})
    notes = ["Tokens, KV-cache and seconds are means a question."]
    notes += [f"An answer is {RULES[rule]}{_whose(result, rule)}." for rule in rules]
    cut = sum(reply.truncated for reply in _replies(result))
    if cut:
        asked = result.summary("full-context")["n"]
        notes.append(
            f"In {cut} of {asked:.0f} questions the full history did not fit the LLM's window and "
            "lost its oldest turns."
        )
    return (
        f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f'</table><p class="note">{" ".join(notes)}</p>'
    )


def _whose(result: DemoResult, rule: str) -> str:
    """Name the people a rule is for, where there are several rules."""
    names = [p.name for p in result.people if any(asked.rule == rule for asked in p.asked)]
    return "" if len(names) == len(result.people) else f" ({clean(', '.join(names))})"


def _accuracy(result: DemoResult) -> str:
    groups = []
    for person in result.people:
        rows = []
        for mode in _ORDER:
            right = sum(_reply(asked, mode).right for asked in person.asked)
            count = len(person.asked)
            rows.append((_LABELS[mode], right / max(1, count), f"{right} of {count}", mode))
        groups.append(f"<div><h3>{clean(person.name)}</h3>{bar_rows(rows)}</div>")
    return f'<h2>Right answers</h2><div class="groups">{"".join(groups)}</div>'


def _kv_bytes(result: DemoResult) -> str:
    values = [result.summary(mode)["kv_bytes"] for mode in _ORDER]
    shares, scale = log_shares(values)
    rows = [
        (_LABELS[mode], share, megabytes(value), mode)
        for mode, share, value in zip(_ORDER, shares, values, strict=True)
    ]
    return f'<h2>KV-cache of one question</h2>{bar_rows(rows)}<p class="note">{scale}</p>'


def _losses(result: DemoResult) -> str:
    curves = [(person.name, person.report.losses) for person in result.people]
    fitted = [(name, losses) for name, losses in curves if losses]
    written = ", ".join(name for name, losses in curves if not losses)
    note = f"The writer alone made the memory of {clean(written)}: no gradient step was taken."
    chart = line_chart(fitted, "step", "loss of an answer token") if fitted else ""
    return f"<h2>Learning</h2>{chart}" + (f"<p>{note}</p>" if written else "")


def _person(person: PersonResult) -> str:
    report = person.report
    heat = heat_map([(asked.question, asked.weights, asked.top_slot) for asked in person.asked])
    rows = "".join(_question(asked) for asked in person.asked)
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("question", *(_LABELS[mode] for mode in _ORDER), "most used slot")
    )
    return (
        f"<h2>{clean(person.name)}</h2><p>{person.num_sessions} sessions and {person.num_turns} "
        f"turns, kept in {report.num_slots} slots ({report.size_bytes / 1024:.0f} KiB), written in "
        f"{report.seconds:.1f} s.</p><h3>Which slots each question reads</h3>{heat}"
        f'<h3>Answers</h3><table class="answers"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _question(asked: Asked) -> str:
    cells = "".join(_answer(_reply(asked, mode)) for mode in _ORDER)
    weight = asked.weights[asked.top_slot]
    source = asked.source
    where = f"{source.session_id}, turn {source.turn}" if source else "source unknown"
    return (
        f'<tr><th scope="row">{clean(asked.question)}<small>{clean(asked.answer)}</small></th>'
        f'{cells}<td data-label="most used slot"><div>slot {asked.top_slot}, weight {weight:.2f}'
        f"<small>{clean(where)}: <q>{clean(_short(asked.excerpt))}</q></small></div></td></tr>"
    )


def _answer(reply: Reply) -> str:
    kind, sign = ("right", "✓") if reply.right else ("wrong", "✗")
    return (
        f'<td class="{kind}" data-label="{_LABELS[reply.mode]}"><div><span role="img" '
        f'aria-label="{kind}">{sign}</span> <bdi>{clean(reply.text.strip())}</bdi></div></td>'
    )


def _reply(asked: Asked, mode: str) -> Reply:
    (reply,) = [reply for reply in asked.replies if reply.mode == mode]
    return reply


def _replies(result: DemoResult) -> list[Reply]:
    return [r for person in result.people for asked in person.asked for r in asked.replies]


def _short(text: str, width: int = 160) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
