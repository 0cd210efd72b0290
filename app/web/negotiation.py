"""One address, two readers: a page for browsers where programs get JSON."""

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from app.negotiation import prefers_html


class PageRoute(APIRoute):
    """A page at an address that programs use as well: a caller who would rather have JSON is left to the next route."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for this page."""
        if scope["type"] == "http" and not prefers_html(Request(scope)):
            return Match.NONE, {}
        return super().matches(scope)


def page_router(*, shared: bool = False) -> APIRouter:
    """A router for pages, which the API's description leaves out; ``shared`` where JSON lives at the same addresses."""
    return APIRouter(include_in_schema=False, route_class=PageRoute if shared else APIRoute)
