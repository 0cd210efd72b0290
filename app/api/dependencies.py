"""What handlers ask for: the published catalogue, and the address that links begin with."""

from typing import Annotated

from fastapi import Depends, Request

from app.catalogue.snapshot import Snapshot
from app.errors import Unavailable
from app.http.published import PublishedCatalogue


async def published_catalogue(request: Request) -> Snapshot:
    """The catalogue as it is published now, from memory."""
    catalogue: PublishedCatalogue | None = getattr(request.app.state, "catalogue", None)
    if catalogue is None:
        raise Unavailable("The catalogue is still being loaded.")
    return catalogue.current()


async def base_url(request: Request) -> str:
    """The address visitors use, without a slash at the end."""
    return str(request.app.state.settings.public_url or request.base_url).rstrip("/")


CatalogueDep = Annotated[Snapshot, Depends(published_catalogue)]
BaseUrlDep = Annotated[str, Depends(base_url)]
