"""What the service says of itself to Prometheus."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.observability.metrics import CONTENT_TYPE, Metrics

router = APIRouter(tags=["health"])

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus' text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/metrics", responses=_TEXT, response_class=Response)
def show_metrics(request: Request) -> Response:
    """Requests, their duration, the process and the catalogue's revision, in Prometheus' text format."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE)
