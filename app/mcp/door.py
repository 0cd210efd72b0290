"""The address ``/mcp``: an ASGI application that loads the protocol when the first request comes, and not before."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from app.catalogue.snapshot import Snapshot

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class McpDoor:
    """Streamable HTTP without sessions: any worker can answer any request."""

    def __init__(self, catalogue: Callable[[], Snapshot], *, host: str, public_url: str) -> None:
        self._catalogue = catalogue
        self._host = host
        self._public_url = public_url
        self._manager: StreamableHTTPSessionManager | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of the protocol."""
        manager = await self._ready()
        await manager.handle_request(scope, receive, send)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take requests while the block lasts."""
        self._loading = asyncio.Lock()
        self._closing = asyncio.Event()
        try:
            yield
        finally:
            self._closing.set()
            if self._running is not None:
                await self._running
            self._manager = self._running = None

    async def _ready(self) -> "StreamableHTTPSessionManager":
        async with self._loading:
            if self._manager is None:
                manager = await asyncio.to_thread(self._load)
                started = asyncio.Event()
                self._running = asyncio.create_task(self._run(manager, started))
                await started.wait()
                self._manager = manager
            return self._manager

    async def _run(self, manager: "StreamableHTTPSessionManager", started: asyncio.Event) -> None:
        # One task enters and leaves the manager: its cancel scope may not cross tasks.
        async with manager.run():
            started.set()
            await self._closing.wait()

    def _load(self) -> "StreamableHTTPSessionManager":
        from mcp.server.transport_security import TransportSecuritySettings

        from app.mcp.tools import build_server

        hosts, origins = allowed(self._host, self._public_url)
        security = TransportSecuritySettings(
            enable_dns_rebinding_protection=bool(hosts), allowed_hosts=hosts, allowed_origins=origins
        )
        server = build_server(self._catalogue, public_url=self._public_url)
        server.streamable_http_app(stateless_http=True, json_response=True, transport_security=security)
        return server.session_manager


def allowed(host: str, public_url: str) -> tuple[list[str], list[str]]:
    """Host and Origin headers that are answered; none listed means any, for an open address without a public name.

    >>> allowed("0.0.0.0", "https://rig.example.org")[1]
    ['https://rig.example.org', 'http://127.0.0.1:*', 'http://localhost:*', 'http://[::1]:*']
    >>> allowed("0.0.0.0", "")
    ([], [])
    """
    if not public_url and host.strip("[]") not in {name.strip("[]") for name in LOOPBACK}:
        return [], []
    public = [urlsplit(public_url).netloc] if public_url else []
    hosts = [*public, *LOOPBACK, *(f"{name}:*" for name in LOOPBACK)]
    return hosts, [*([public_url] if public_url else []), *(f"http://{name}:*" for name in LOOPBACK)]
