"""One address, several readers: a page for browsers where programs get JSON, in the language of whoever reads it."""

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from app.http.negotiation import LANGUAGE_COOKIE, chosen_language, language_of, prefers_html, without_language
from app.http.templating import standing_at
from app.languages import speaking
from app.questionnaire.amounts import counting_with

ONE_YEAR_S = 365 * 24 * 60 * 60


class PageRoute(APIRoute):
    """A page: everything on it is said in the visitor's language."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the language of the request, and remember one that the address chooses."""
        request = Request(scope)
        chosen = chosen_language(request)

        async def remembering(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append(
                    "set-cookie", _cookie(chosen or "", https=scope["scheme"] == "https")
                )
            await send(message)

        plain = without_language(scope)
        with speaking(language_of(request)), standing_at(_address(plain)), counting_with(_rates(request)):
            await super().handle(plain, receive, remembering if chosen else send)


class SharedPageRoute(PageRoute):
    """A page at an address that programs use as well: a caller who would rather have JSON is left to the next route."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for this page."""
        if scope["type"] == "http" and not prefers_html(Request(scope)):
            return Match.NONE, {}
        return super().matches(scope)


def page_router(*, shared: bool = False) -> APIRouter:
    """A router for pages, which the API's description leaves out; ``shared`` where JSON lives at the same addresses."""
    return APIRouter(include_in_schema=False, route_class=SharedPageRoute if shared else PageRoute)


def _rates(request: Request) -> dict[str, float]:
    """What a unit of each currency is worth in dollars, by the newest dated rates of the catalogue."""
    catalogue = getattr(request.app.state, "catalogue", None)
    rates = catalogue.current().market.exchange_rates if catalogue else ()
    return {rate.currency: 1 / rate.per_usd for rate in rates}


def _address(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _cookie(language: str, *, https: bool) -> str:
    secure = "; Secure" if https else ""
    return f"{LANGUAGE_COOKIE}={language}; Path=/; Max-Age={ONE_YEAR_S}; SameSite=Lax; HttpOnly{secure}"
