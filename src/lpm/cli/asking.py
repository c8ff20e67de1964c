"""`ask`, `chat` and `explain`: use a memory."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from lpm.cli.options import (
    AsJson,
    BackboneName,
    Device,
    Home,
    ProjectorFolder,
    Seed,
    Tenant,
    User,
    opened,
    print_json,
    print_table,
)
from lpm.errors import InputError
from lpm.types import Message

Text = Annotated[str, typer.Argument(help="What the user asks or says.")]
NoMemory = Annotated[bool, typer.Option("--no-memory", help="Answer without the memory.")]
FullContext = Annotated[
    bool, typer.Option("--full-context", help="Answer with the whole history in the context.")
]
MaxNewTokens = Annotated[int, typer.Option(min=1, max=4096, help="Longest answer, in tokens.")]
Temperature = Annotated[float, typer.Option(min=0.0, max=5.0, help="0 decodes greedily.")]


def ask(
    user: User,
    text: Text,
    no_memory: NoMemory = False,
    full_context: FullContext = False,
    max_new_tokens: MaxNewTokens = 48,
    temperature: Temperature = 0.0,
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Answer one message of a user from the memory."""
    mode = _mode(no_memory, full_context)
    with opened(home, tenant, backbone, device, projector, seed) as memories:
        answer = memories.answer(
            user,
            text,
            mode=mode,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            seed=seed,
        )
    if not as_json:
        typer.echo(answer.text)
        return
    import json
    from dataclasses import asdict

    facts = asdict(answer)
    typer.echo(json.dumps({"answer": facts.pop("text"), **facts}, ensure_ascii=False, indent=1))


def _mode(no_memory: bool, full_context: bool) -> Literal["memory", "no-memory", "full-context"]:
    if no_memory and full_context:
        raise InputError("Give `--no-memory` or `--full-context`, not both.")
    return "no-memory" if no_memory else "full-context" if full_context else "memory"


def chat(
    user: User,
    no_memory: NoMemory = False,
    max_new_tokens: MaxNewTokens = 128,
    temperature: Temperature = 0.0,
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
) -> None:
    """Talk with the memory at hand; `/quit` or the end of input ends the chat."""
    with opened(home, tenant, backbone, device, projector, seed) as memories:
        messages: list[Message] = []
        while (line := _next_line()) is not None:
            if not line.strip():
                continue
            messages.append({"role": "user", "content": line})
            pieces = []
            for piece in memories.stream(
                user,
                messages,
                mode=_mode(no_memory, False),
                max_new_tokens=max_new_tokens,
                temperature=temperature,
                seed=seed,
            ):
                pieces.append(piece)
                typer.echo(piece, nl=False)
            typer.echo()
            messages.append({"role": "assistant", "content": "".join(pieces).strip()})


def _next_line() -> str | None:
    if sys.stdin.isatty():
        typer.echo("> ", nl=False, err=True)
    line = sys.stdin.readline()
    return None if not line or line.strip() == "/quit" else line.rstrip("\n")


def explain(
    user: User,
    text: Text,
    answer: Annotated[
        str | None, typer.Option(help="An answer: say what it would lose without each slot.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Slots to print.")] = 8,
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say which slots a message reads and which sessions taught them."""
    with opened(home, tenant, backbone, device, projector, seed) as memories:
        explanation = memories.explain(user, text, answer=answer)
    if as_json:
        print_json(explanation)
        return
    rows: list[tuple[object, ...]] = [
        (
            use.slot,
            f"{use.weight:.3f}",
            _heads(use.per_head),
            "" if use.effect is None else f"{use.effect:+.3f}",
            ", ".join(f"{s.session_id} turn {s.turn}" for s in use.sources),
        )
        for use in explanation.slots[:top]
    ]
    print_table(("slot", "weight", "heads", "effect", "learnt from"), rows)
    typer.echo(f"Never told: {explanation.untold:.3f} of the attention.")


def _heads(weights: tuple[float, ...]) -> str:
    """Name the heads that put more than half of their attention on a slot."""
    own = [str(head) for head, weight in enumerate(weights, start=1) if weight > 0.5]
    return "all" if len(own) == len(weights) else " ".join(own)
