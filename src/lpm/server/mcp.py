"""A memory as tools of the Model Context Protocol; who starts the server says whose it is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from lpm.errors import LPMError, MissingExtraError
from lpm.model import LatentPersonalMemory
from lpm.types import History, Session, Turn

try:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
except ImportError:
    raise MissingExtraError(
        "`lpm mcp` needs an extra; run `pip install 'latent-personal-memory[mcp]'`."
    ) from None

INSTRUCTIONS = (
    "Remembers one person. Call `remember` with what they say that will matter later, `ask` before "
    "answering a question about them, `forget` when they want something forgotten. `ask` is a "
    "small model's answer and may be wrong; `explain` names the turns it stands on."
)


def build_server(memories: LatentPersonalMemory, user: str) -> MCPServer[Any]:
    """Return a server whose tools reach this user's memory alone."""
    server: MCPServer[Any] = MCPServer(
        "latent-personal-memory", instructions=INSTRUCTIONS, log_level="ERROR"
    )

    @server.tool()
    def remember(text: str, session: str | None = None) -> dict[str, Any]:
        """Remember what the user said. session: names the conversation; the time by default."""
        now = datetime.now(UTC)
        name = session or now.isoformat(timespec="milliseconds")
        history = History((Session(name, (Turn("user", text),), now),))
        return told(lambda: asdict(memories.remember(user, history)))

    @server.tool()
    def ask(question: str) -> str:
        """Answer a question about the user from their memory."""
        return told(lambda: memories.answer(user, question).text)

    @server.tool()
    def explain(question: str, top: int = 3) -> list[dict[str, Any]]:
        """Name the turns that a question reads, with what was said there, most used first."""
        return told(lambda: explained(memories, user, question, top))

    @server.tool()
    def forget(
        about: str | None = None, session: str | None = None, dry_run: bool = False
    ) -> dict[str, Any]:
        """Forget a topic or a session; neither forgets the user. Returns a receipt."""
        return told(
            lambda: asdict(memories.forget(user, about=about, session=session, dry_run=dry_run))
        )

    return server


def explained(
    memories: LatentPersonalMemory, user: str, question: str, top: int
) -> list[dict[str, Any]]:
    """Return weight, session, turn and kept text of the most used slots."""
    history = memories.store.get_history(user)
    said = (
        {(s.session_id, index): turn.content for s, index, turn in history.turns()}
        if history
        else {}
    )
    return [
        {
            "weight": round(use.weight, 4),
            "session": source.session_id,
            "turn": source.turn,
            "said": said.get((source.session_id, source.turn)),
        }
        for use in memories.explain(user, question).slots[: max(1, top)]
        for source in use.sources
    ]


def told(work: Any) -> Any:
    """Do what a tool does; what fails on purpose becomes a sentence for the caller."""
    try:
        return work()
    except LPMError as error:
        raise ToolError(str(error)) from None
