"""How addresses behave beyond their handlers: JSON read safely, answers kept by caches or cut down to some fields."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app import __version__
from app.api import sparse
from app.api.dependencies import published_catalogue
from app.contract.json_text import parse

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRequest(Request):
    """A request whose JSON is read with a limit on nesting."""

    async def json(self) -> Any:
        """The body's value; an error that names the place where it cannot be read."""
        if not hasattr(self, "_parsed"):
            self._parsed = parse(await self.body())
        return self._parsed


class SparseRoute(APIRoute):
    """An address whose answer can be had with some fields only."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if self.response_model is not None and not sparse.is_page(self.response_model):
            extra = self.openapi_extra or {}
            self.openapi_extra = extra | {"parameters": [*extra.get("parameters", ()), sparse.PARAMETER]}

    def get_route_handler(self) -> Handler:
        """Check the names before anything is computed, and cut the answer down to them."""
        handler, model = super().get_route_handler(), self.response_model

        async def cut_down(request: Request) -> Response:
            tree = sparse.tree_of(request, model) if model is not None else None
            response = await handler(request)
            return response if tree is None else sparse.thinned(response, tree, page=sparse.is_page(model))

        return cut_down


class JsonRoute(SparseRoute):
    """An address that takes JSON."""

    def get_route_handler(self) -> Handler:
        """Read the body before the framework does, whose own answer to a deep one names no field."""
        handler = super().get_route_handler()

        async def read_first(request: Request) -> Response:
            readable = JsonRequest(request.scope, request.receive)
            if "json" in request.headers.get("content-type", "") and await readable.body():
                await readable.json()
            return await handler(readable)

        return read_first


class CatalogueRoute(SparseRoute):
    """An address whose answer depends on the catalogue and the day alone: caches ask, and mostly hear 304."""

    def get_route_handler(self) -> Handler:
        """Compare entity tags before computing anything."""
        handler = super().get_route_handler()

        async def compare_first(request: Request) -> Response:
            headers = {"etag": await entity_tag(request), "cache-control": "no-cache", "vary": "Accept"}
            known = request.headers.get("if-none-match", "")
            if headers["etag"] in known or known.strip() == "*":
                return Response(status_code=304, headers=headers)
            response = await handler(request)
            response.headers.update(headers)
            return response

        return compare_first


async def entity_tag(request: Request) -> str:
    """Names the catalogue's revision, the version and the day, for prices grow old."""
    catalogue = await published_catalogue(request)
    return f'W/"{catalogue.revision}-{__version__}-{datetime.now(UTC):%Y%m%d}"'
