"""Fair use: how many requests one client may make in a time, told in standard headers. Off unless a limit is set.

The headers are those of the IETF's draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers):
``RateLimit-Policy`` says what is allowed, ``RateLimit`` what is left of it. Each process counts for itself.
"""

from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from time import time

from fastapi import Request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.error_responses import error_response
from app.errors import TooManyRequests

UNLIMITED = ("/healthz", "/readyz", "/metrics", "/static/")
"""What load balancers and pages ask for by themselves."""
BATCH_COST = 10
"""A batch counts as this many requests."""
IPV6_PREFIX = 64
"""One customer of a provider usually has that many addresses to choose from."""


class RateLimit:
    """ASGI middleware that answers 429 to a client beyond its limit."""

    def __init__(self, app: ASGIApp, *, limit: str) -> None:
        self.app = app
        self.item: RateLimitItem = parse(limit)
        self.limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self.policy = f'"client";q={self.item.amount};w={self.item.get_expiry()}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its client has some left, and say how many."""
        if scope["type"] != "http" or scope["path"].startswith(UNLIMITED):
            await self.app(scope, receive, send)
            return
        client = client_of(scope)
        cost = min(BATCH_COST, self.item.amount) if scope["path"].endswith("/batch") else 1
        allowed = self.limiter.hit(self.item, client, cost=cost)
        told = self._headers(client)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        if allowed:
            await self.app(scope, receive, counted)
            return
        wait = told["ratelimit"].rsplit("=", 1)[1]
        error = TooManyRequests(
            f"At most {self.item.amount} requests in {self.item.get_expiry()} seconds are answered. "
            f"Try again in {wait} seconds.",
            headers={"retry-after": wait},
        )
        await error_response(Request(scope), error)(scope, receive, counted)

    def _headers(self, client: str) -> dict[str, str]:
        window = self.limiter.get_window_stats(self.item, client)
        wait = max(1, ceil(window.reset_time - time()))
        return {"ratelimit-policy": self.policy, "ratelimit": f'"client";r={max(0, window.remaining)};t={wait}'}


def client_of(scope: Scope) -> str:
    """Who is counted together: an address, or the network of an IPv6 address.

    >>> client_of({"client": ("2001:db8::17", 5000)}), client_of({"client": ("192.0.2.1", 5000)}), client_of({})
    ('2001:db8::/64', '192.0.2.1', 'unknown')
    """
    host = str((scope.get("client") or ("unknown", 0))[0])
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_PREFIX), strict=False))
    return host
