"""Security headers on every answer: the browser runs, loads and frames nothing that is not ours."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
ONE_YEAR_S = 365 * 24 * 60 * 60


def security_headers(*, https: bool) -> dict[str, str]:
    """The headers; ``https`` adds the promise that the site stays on it."""
    headers = {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return headers | ({"strict-transport-security": f"max-age={ONE_YEAR_S}"} if https else {})


class SecurityHeaders:
    """ASGI middleware that adds them, unless the answer brings its own."""

    def __init__(self, app: ASGIApp, *, headers: dict[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress the answer."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                framed = "frame-ancestors *" in answer.get("content-security-policy", "")
                for name, value in self.headers.items():
                    if not (framed and name == "x-frame-options"):  # which older browsers would obey all the same
                        answer.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, dressed if scope["type"] == "http" else send)
