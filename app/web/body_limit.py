"""A limit on what a request may send, so that nobody can fill the memory."""

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooLarge
from app.http.error_responses import error_response

KIB = 1024
USUAL_BYTES = 256 * KIB
LARGER_BYTES = {"/estimate/batch": 8 * KIB * KIB, "/admin/import": 32 * KIB * KIB, "/admin/api/imports": 32 * KIB * KIB}
"""Paths that take more than the usual."""
STREAMED = {"/estimate/batch", "/recommend/batch"}
LINES = "application/x-ndjson"
"""JSON Lines at these paths are never in memory as a whole, and limited where they are read."""


class BodyLimit:
    """ASGI middleware that answers 413 before an application reads too much."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when its body is announced, or turns out, to be small enough."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if scope["path"] in STREAMED and request.headers.get("content-type", "").startswith(LINES):
            await self.app(scope, receive, send)
            return
        limit = LARGER_BYTES.get(scope["path"], USUAL_BYTES)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal():
            messages: list[Message] | None = [] if int(announced) <= limit else None
        else:
            messages = await _read(receive, limit)
        if messages is None:
            error = TooLarge(f"Send at most {limit // KIB:,} KiB.", headers={"connection": "close"})
            await error_response(request, error)(scope, receive, send)
            return
        await self.app(scope, _replayed(messages, receive), send)


async def _read(receive: Receive, limit: int) -> list[Message] | None:
    """The messages of a body whose length was not announced; None once they exceed the limit."""
    messages: list[Message] = []
    total = 0
    while True:
        message = await receive()
        messages.append(message)
        total += len(message.get("body", b""))
        if total > limit:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages


def _replayed(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replay() -> Message:
        return next(waiting, None) or await receive()

    return replay
