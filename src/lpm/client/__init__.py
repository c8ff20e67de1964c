"""A client of `lpm serve` for memories, without PyTorch; chats go through OpenAI's own client.

with Client("http://127.0.0.1:8000", key) as memories:
    memories.remember("ana", [{"session_id": "s1", "messages": [...]}])
    memories.forget("ana", about="my knee")
"""

from lpm.errors import MissingExtraError

try:
    from lpm.client.clients import POLL_S, TIMEOUT_S, AsyncClient, Client
    from lpm.client.requests import Json, ServerError
except ModuleNotFoundError as error:
    if error.name != "httpx":
        raise
    raise MissingExtraError(
        "The client needs httpx; run `pip install 'latent-personal-memory[client]'`."
    ) from None

__all__ = ["POLL_S", "TIMEOUT_S", "AsyncClient", "Client", "Json", "ServerError"]
