"""What can this hardware run, adapt and train?"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.openapi.models import Example

from app import advisor
from app.api.dependencies import CatalogueDep
from app.api.problems import TOO_LARGE, WRONG_FIELDS
from app.api.routes import JsonRoute
from app.contract.answer import FitAnswer
from app.contract.requests import FitRequest

router = APIRouter(tags=["fit"], route_class=JsonRoute)

_EXAMPLES = {
    "two equal cards": Example(
        summary="Two equal cards", value={"hardware": [{"accelerator": "RTX 3090", "count": 2}], "system_memory_gb": 64}
    ),
    "own words": Example(
        summary="In one's own words, or what nvidia-smi prints",
        value={"hardware": [{"description": "NVIDIA GeForce RTX 3060, 12288 MiB"}]},
    ),
}


@router.post("/fit", responses=WRONG_FIELDS | TOO_LARGE)
def fit(request: Annotated[FitRequest, Body(openapi_examples=_EXAMPLES)], catalogue: CatalogueDep) -> FitAnswer:
    """What the hardware can run, adapt and train: each typical job with its verdict, speed, change and upgrade."""
    return advisor.fit(catalogue, request, at=datetime.now(UTC))
