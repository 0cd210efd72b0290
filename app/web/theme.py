"""Light or dark: a visitor's own choice, kept in a cookie; without one, pages follow the visitor's system."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import Form, Request
from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.redirecting import see_other
from app.http.templating import in_theme
from app.web.negotiation import ONE_YEAR_S, page_router

router = page_router()

COOKIE = "theme"

Theme = Annotated[Literal["system", "light", "dark"], Form()]


@router.post("/theme")
async def choose_theme(request: Request, theme: Theme) -> RedirectResponse:
    """Remember the choice, and go back to the page on which it was made."""
    response = see_other(_page_before(request))
    response.set_cookie(
        COOKIE,
        "" if theme == "system" else theme,
        max_age=0 if theme == "system" else ONE_YEAR_S,
        path="/",
        secure=request.url.scheme == "https",
        samesite="lax",  # the script beside the form writes the same cookie
    )
    return response


def _page_before(request: Request) -> str:
    """The page of ours that the form stood on."""
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    if came_from.netloc != request.url.netloc or not came_from.path:
        return "/"
    address = "/" + came_from.path.lstrip("/\\")  # two slashes would lead to another site
    return f"{address}?{came_from.query}" if came_from.query else address


class Themed:
    """ASGI middleware: what is made for this request is in the theme that its visitor chose."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        chosen = _chosen(scope) if scope["type"] == "http" else ""
        with in_theme(chosen):
            await self.app(scope, receive, send)


def _chosen(scope: Scope) -> str:
    found = Request(scope).cookies.get(COOKIE, "")
    return found if found in {"light", "dark"} else ""
