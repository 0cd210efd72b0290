"""Cross-origin guard: no foreign page can make a visitor's browser change anything here.

Browsers say where a request comes from in Sec-Fetch-Site; older ones in Origin only. A program that sends neither is no
browser, carries no visitor's cookies, and passes. See W3C, "Fetch Metadata Request Headers"; and RFC 6454 for origins.
"""

from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Forbidden
from app.http.error_responses import error_response
from app.http.request_session import SAFE_METHODS


class OriginGuard:
    """ASGI middleware that refuses unsafe methods from other origins; ``trusted`` are our own public ones.

    ``callers`` (``*``: all) may call what is open to everybody, and nothing below /admin.
    """

    def __init__(
        self, app: ASGIApp, *, trusted: frozenset[str] = frozenset(), callers: frozenset[str] = frozenset()
    ) -> None:
        self.app = app
        self.trusted = trusted
        self.callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] != "http" or self._allows(Request(scope)):
            await self.app(scope, receive, send)
            return
        error = Forbidden("This form was sent from another site. Open the page here and send it again.")
        await error_response(Request(scope), error)(scope, receive, send)

    def _allows(self, request: Request) -> bool:
        if request.method in SAFE_METHODS:
            return True
        origin = request.headers.get("origin")
        if origin in self.trusted:
            return True
        if self.callers & {origin, "*"} and not request.url.path.startswith("/admin"):
            return True
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")
