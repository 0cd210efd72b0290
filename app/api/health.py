"""Is the process alive, and can it answer?"""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from app import __version__
from app.api.dependencies import CatalogueDep

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    version: str = __version__


class Ready(BaseModel):
    """The catalogue is loaded."""

    status: Literal["ready"] = "ready"
    catalogue_revision: int


@router.get("/healthz")
async def show_health() -> Alive:
    """Whether the process is alive."""
    return Alive()


@router.get("/readyz")
async def show_readiness(catalogue: CatalogueDep) -> Ready:
    """Whether the catalogue is loaded, and which revision; 503 until then."""
    return Ready(catalogue_revision=catalogue.revision)
