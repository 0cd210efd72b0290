"""A limit on how long a request may wait for its answer, so that slow senders and queues cannot hold on for ever."""

import asyncio

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Unavailable
from app.http.error_responses import error_response

PATIENT_S = 300.0
"""Administrators publish a hundred thousand entries at once; to be told that it failed would be wrong. [s]"""


class TimeLimit:
    """ASGI middleware that answers 503 when no answer has begun in time; one that has begun may take longer."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and stop waiting for it in the end."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seconds = max(self.seconds, PATIENT_S) if scope["path"].startswith("/admin/") else self.seconds
        try:
            async with asyncio.timeout(seconds) as limit:

                async def begun(message: Message) -> None:
                    limit.reschedule(None)
                    await send(message)

                await self.app(scope, receive, begun)
        except TimeoutError:
            if not limit.expired():
                raise
            told = f"No answer was ready within {seconds:g} seconds. Try again in a moment."
            error = Unavailable(told, headers={"retry-after": "5", "connection": "close"})
            await error_response(Request(scope), error)(scope, receive, send)
