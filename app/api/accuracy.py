"""How well do the estimates agree with published measurements?"""

from fastapi import APIRouter

from app.accuracy.report import Report, shipped
from app.api.routes import JsonRoute

router = APIRouter(tags=["accuracy"], route_class=JsonRoute)


@router.get("/accuracy")
async def show_accuracy() -> Report:
    """Predicted against measured by class and by source, with the worst cases: the report of this version."""
    return shipped()
