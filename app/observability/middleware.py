"""The outermost layer of the application: names each request, times it, counts it, and traces it where that is on."""

import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability import request_ids
from app.observability.logs import FIELDS
from app.observability.metrics import Metrics

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

FAULT = 500
PARTS = ("/static", "/mcp")
"""What lies below these is one address in metrics."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = logging.getLogger(__name__)


@dataclass
class _Seen:
    """What became of a request; a fault until the answer has begun."""

    status: int = FAULT


class Observed:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, log_requests: bool, tracer: "Tracer | None" = None) -> None:
        self.app = app
        self.metrics = metrics
        self.log_requests = log_requests
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = request_ids.begin(Headers(scope=scope).get(request_ids.HEADER))
        seen, started = _Seen(), perf_counter()
        self.metrics.begun()

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                MutableHeaders(scope=message).setdefault(request_ids.HEADER, name)
            await send(message)

        with self._span(scope) as span:
            try:
                await self.app(scope, receive, named)
            finally:
                route = route_of(scope)
                self._note(scope, route, status=seen.status, seconds=perf_counter() - started)
                if span is not None:
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attributes({"http.route": route, "http.response.status_code": seen.status})

    def _note(self, scope: Scope, route: str, *, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self.metrics.answered(method=method, route=route, status=status, seconds=seconds)
        if self.log_requests:
            fields = {"method": method, "path": scope["path"], "route": route, "status": status}
            log.info("request", extra={FIELDS: {**fields, "ms": round(seconds * 1000, 2)}})

    def _span(self, scope: Scope) -> AbstractContextManager[Any]:
        if self.tracer is None:
            return nullcontext()
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        attributes = {
            "http.request.method": scope["method"],
            "url.path": scope["path"],
            "whichrig.request_id": request_ids.current(),
        }
        return self.tracer.start_as_current_span(
            scope["method"], context=extract(Headers(scope=scope)), kind=SpanKind.SERVER, attributes=attributes
        )


def route_of(scope: Scope) -> str:
    """The pattern of a request's address; "unknown" where there is none, whatever was asked for."""
    path = getattr(scope.get("route"), "path", None)
    if path is not None:
        return str(path)
    return next((part for part in PARTS if scope["path"].startswith(part)), "unknown")
