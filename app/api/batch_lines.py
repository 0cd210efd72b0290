"""Many questions as JSON Lines: answered in order, each line as soon as it is known, in constant memory."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from tempfile import SpooledTemporaryFile
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from app import advisor
from app.api.dependencies import BaseUrlDep, CatalogueDep
from app.api.lines_description import LINES_ANSWER, MEDIA_TYPE, MOST_LINES, lines_body
from app.api.problems import NOT_READABLE, TOO_LARGE
from app.contract.answer import Part
from app.contract.batch import LONGEST_LINE, answer_lines
from app.contract.requests import EstimateRequest, RecommendRequest
from app.errors import BadRequest, TooLarge
from app.http.computing import computed

MOST_BYTES = 64 * 1024 * 1024
IN_MEMORY_BYTES = 1024 * 1024
"""A longer request waits in a temporary file: most clients send all of it before they read the first answer."""
PIECE_S = 0.05
"""How long a batch computes before others have their turn."""

Answer = Callable[[Any], Part]


class LinesRoute(APIRoute):
    """An address for JSON Lines; a request of another kind is left to the next route."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request brings lines."""
        if scope["type"] == "http" and not has_lines(Request(scope)):
            return Match.NONE, {}
        return super().matches(scope)


def has_lines(request: Request) -> bool:
    """Whether a request says that its body is JSON Lines."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == MEDIA_TYPE


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "One answer a line, in order.", "content": LINES_ANSWER}
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": lines_body(
            '{"id": "a", "workload": {"task": "learn"}}', '{"id": "b", "workload": {"task": "train"}}'
        ),
    }
}

router = APIRouter(tags=["recommend"])
lines = APIRouter(tags=["estimate"], route_class=LinesRoute, include_in_schema=False)


@router.post(
    "/recommend/batch", responses=_ANSWERS | NOT_READABLE | TOO_LARGE, openapi_extra=_BODY, response_class=Response
)
async def recommend_batch(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """Up to 10,000 recommendations as JSON Lines: an answer a line, in order, an `error` where a line is wrong."""
    at = datetime.now(UTC)

    def answer(asked: RecommendRequest) -> Part:
        return advisor.recommend(catalogue, asked.workload, constraints=asked.constraints, at=at, base_url=base_url)

    return LinesAnswer(await _received(request), request_type=RecommendRequest, answer=answer)


@lines.post("/estimate/batch")
async def estimate_lines(request: Request, catalogue: CatalogueDep) -> Response:
    """Up to 10,000 estimates as JSON Lines: an answer a line, in order, an `error` where a line is wrong."""

    def answer(asked: EstimateRequest) -> Part:
        return advisor.estimate(catalogue, asked.workload, hardware=asked.hardware)

    return LinesAnswer(await _received(request), request_type=EstimateRequest, answer=answer)


async def _received(request: Request) -> SpooledTemporaryFile[bytes]:
    """The body, in memory or in a file that vanishes when it is closed."""
    if not has_lines(request):
        raise BadRequest(f"Send one JSON object a line, with the header Content-Type: {MEDIA_TYPE}.")
    body = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
    try:
        async for chunk in request.stream():
            _add(chunk, body)
    except (ClientDisconnect, TooLarge):
        body.close()
        raise
    body.seek(0)
    return body


def _add(chunk: bytes, body: SpooledTemporaryFile[bytes]) -> None:
    if body.tell() + len(chunk) > MOST_BYTES:
        raise TooLarge(f"Send at most {MOST_BYTES // 1024**2} MiB.", headers={"connection": "close"})
    body.write(chunk)


class LinesAnswer(Response):
    """Sends answers while further ones are computed, and stops when nobody reads them."""

    media_type = MEDIA_TYPE

    def __init__(self, body: SpooledTemporaryFile[bytes], *, request_type: type[BaseModel], answer: Answer) -> None:
        # The encoding is named so that no layer holds lines back to compress them; the next header tells proxies.
        super().__init__(
            headers={"content-encoding": "identity", "x-accel-buffering": "no", "cache-control": "no-store"}
        )
        del self.headers["content-length"]
        self._body = body
        self._count = 0
        self._answers = answer_lines(_texts(body), request_type=request_type, answer=answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer piece by piece."""
        request = Request(scope, receive)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            while not await request.is_disconnected():
                piece = await computed(self._piece)
                await send({"type": "http.response.body", "body": piece, "more_body": bool(piece)})
                if not piece:
                    return
        finally:
            self._body.close()

    def _piece(self) -> bytes:
        """The answers of a moment; empty at the end."""
        found: list[str] = []
        until = perf_counter() + PIECE_S
        for line in islice(self._answers, max(0, MOST_LINES - self._count)):
            found.append(line + "\n")
            if perf_counter() > until:
                break
        self._count += len(found)
        if not found and self._count == MOST_LINES and next(self._answers, None) is not None:
            self._count += 1
            problem = TooLarge(
                f"At most {MOST_LINES:,} lines are answered in one request: send the others again."
            ).problem()
            found.append(json.dumps({"id": None, "error": problem}) + "\n")
        return "".join(found).encode()


def _texts(body: SpooledTemporaryFile[bytes]) -> Iterator[str]:
    """The lines of a body; of one that is far too long only the beginning."""
    longest = LONGEST_LINE * 4
    while line := body.readline(longest):
        rest = line
        while len(rest) == longest and not rest.endswith(b"\n"):
            rest = body.readline(longest)
        yield line.decode("utf-8", "replace")
