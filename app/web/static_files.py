"""Static files: kept for ever when the address carries a version, asked for again otherwise."""

from fastapi import Request, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class VersionedFiles(StaticFiles):
    """Starlette's static files with cache rules for versioned addresses."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        response = await super().get_response(path, scope)
        versioned = "v" in Request(scope).query_params
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return response
