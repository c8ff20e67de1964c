"""One self-contained HTML page about a demo run: no script, no outside request."""

from __future__ import annotations

import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lpm.memory import write_atomic

if TYPE_CHECKING:
    from lpm.demo.run import DemoResult, PersonResult

_STYLE = """
:root{color-scheme:light dark;--fg:#1d2330;--bg:#fff;--soft:#eef1f6;--good:#1a7f4b;--bad:#b3341f}
@media(prefers-color-scheme:dark){:root{--fg:#e4e8f0;--bg:#14171f;--soft:#222734;--good:#57c98d;
--bad:#f08a72}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:62rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{margin-top:2.5rem}pre,.scroll{overflow-x:auto}
pre{background:var(--soft);padding:1rem;border-radius:.5rem}
table{border-collapse:collapse;font-size:.9rem;width:100%}
td,th{padding:.4rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--soft)}
.right{color:var(--good)}.wrong{color:var(--bad)}.plot{background:#fff;border-radius:.5rem;
padding:.5rem;margin:1rem 0}.plot svg{width:100%;height:auto;display:block}
"""
_ORDER = ("no-memory", "full-context", "memory")
_COLOURS = {"no-memory": "#9aa3b2", "full-context": "#4f7cc4", "memory": "#d9822b"}


def write_report(result: DemoResult, path: Path) -> None:
    """Write the page; conversation text in it is escaped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, page(result).encode())


def page(result: DemoResult) -> str:
    """Return the page."""
    memory, context = result.summary("memory"), result.summary("full-context")
    headline = (
        f"{memory['right']:.0f} of {memory['n']:.0f} questions right from the memory, "
        f"{context['right']:.0f} with the full history in the context, at "
        f"{context['kv_bytes'] / max(1.0, memory['kv_bytes']):.0f} times the KV-cache"
    )
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>Latent Personal Memory: demo</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(headline)}</h1><pre>{escape(result.transcript)}</pre>",
        _plot(_accuracy(result)),
        _plot(_kv_bytes(result)),
        _losses(result),
        *(_person(person) for person in result.people),
        "</body></html>",
    ]
    return "\n".join(parts)


def _person(person: PersonResult) -> str:
    rows = []
    for asked in person.asked:
        replies = {reply.mode: reply for reply in asked.replies}
        cells = "".join(
            f'<td class="{"right" if replies[mode].right else "wrong"}">'
            f"{'✓' if replies[mode].right else '✗'} {escape(replies[mode].text)}</td>"
            for mode in _ORDER
        )
        source = asked.source
        where = f"{source.session_id}, turn {source.turn}" if source else "unknown"
        rows.append(
            f"<tr><td>{escape(asked.question)}<br><small>{escape(asked.answer)}</small></td>"
            f"{cells}<td>slot {asked.top_slot} ({max(asked.weights):.2f})<br>"
            f"<small>{escape(where)}: {escape(asked.excerpt)}</small></td></tr>"
        )
    head = "".join(f"<th>{name}</th>" for name in ("question", *_ORDER, "most used slot"))
    return (
        f"<h2>{escape(person.name)}</h2>{_plot(_heat_map(person))}"
        f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
    )


def _axes(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height))


def _plot(figure: Any) -> str:
    from matplotlib import pyplot

    text = io.StringIO()
    figure.tight_layout()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    svg = text.getvalue()
    return f'<div class="plot">{svg[svg.index("<svg") :]}</div>'


def _accuracy(result: DemoResult) -> Any:
    figure, axes = _axes(8, 3)
    width = 0.26
    for offset, mode in enumerate(_ORDER):
        shares = [
            sum(r.right for a in person.asked for r in a.replies if r.mode == mode)
            / max(1, len(person.asked))
            for person in result.people
        ]
        places = [index + (offset - 1) * width for index in range(len(shares))]
        axes.bar(places, shares, width, label=mode, color=_COLOURS[mode])
    axes.set_xticks(range(len(result.people)), [person.name for person in result.people])
    axes.set_ylim(0, 1)
    axes.set_ylabel("share right")
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.22))
    return figure


def _kv_bytes(result: DemoResult) -> Any:
    figure, axes = _axes(8, 2.2)
    values = [result.summary(mode)["kv_bytes"] / 1e6 for mode in _ORDER]  # type: ignore[arg-type]
    bars = axes.barh(list(_ORDER), values, color=[_COLOURS[mode] for mode in _ORDER])
    axes.bar_label(bars, fmt="%.2f MB", padding=4)
    axes.set_xscale("log")
    axes.set_xlabel("KV-cache of one request, MB (log scale)")
    axes.margins(x=0.2)
    return figure


def _losses(result: DemoResult) -> str:
    curves = [(person.name, person.report.losses) for person in result.people]
    if not any(losses for _, losses in curves):
        return "<p>The writer alone made these memories: no gradient step was taken.</p>"
    figure, axes = _axes(8, 2.6)
    for name, losses in curves:
        axes.plot(range(1, len(losses) + 1), losses, label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("loss a token")
    axes.legend(frameon=False)
    return _plot(figure)


def _heat_map(person: PersonResult) -> Any:
    figure, axes = _axes(9, 0.36 * len(person.asked) + 1.2)
    weights = [list(asked.weights) for asked in person.asked]
    image = axes.imshow(weights, aspect="auto", cmap="viridis", vmin=0, vmax=1)
    axes.set_yticks(range(len(weights)), [_short(asked.question) for asked in person.asked])
    axes.set_xlabel("slot")
    figure.colorbar(image, ax=axes, label="attention", pad=0.02)
    return figure


def _short(text: str, width: int = 48) -> str:
    # Dollar signs would start mathematics in a label.
    text = text.replace("$", r"\$")
    return text if len(text) <= width else text[: width - 1] + "…"
