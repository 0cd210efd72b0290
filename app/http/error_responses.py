"""Errors as answers: problem+json (RFC 9457) for programs, a page for people."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar, Self
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from app import errors
from app.errors import AppError, NotFound, Unexpected, Unprocessable
from app.field_problems import FieldProblem, field_problems, models_in
from app.http.negotiation import VARY, language_of, prefers_html
from app.http.templating import render
from app.languages import say, say_finished, speaking
from app.observability import request_ids
from app.worded import worded

_BY_STATUS = {
    kind.status: kind
    for kind in (errors.BadRequest, errors.Unauthorized, errors.Forbidden, errors.Conflict, errors.TooLarge)
}

WORTH_ANOTHER_TRY = {429, 500, 503, 504}
NAMED_BELOW = ("/hardware/", "/q/")
"""Addresses below which things have names."""
LISTS = (
    (worded("All hardware"), "/hardware"),
    (worded("All offers to rent"), "/cloud"),
    (worded("All models"), "/models"),
    (worded("Everything there is to learn"), "/learn"),
    (worded("All documents"), "/docs"),
)
DOORS = (
    (worded("Answer a few plain questions"), "/q/goal"),
    (worded("Questions that many people ask"), "/questions"),
    (worded("Go to the start page"), "/"),
)


@dataclass(frozen=True)
class ErrorPage:
    """What went wrong, and what to do about it."""

    template: ClassVar[str] = "error.html"

    title: str
    detail: str
    problems: list[FieldProblem]
    suggestions: list[tuple[str, str]]
    """Texts, and where each leads; nowhere where that is not known."""
    ways: list[tuple[str, str]]
    """Where to go from here."""
    reference: str
    """By which those who run the service find what happened; empty where nobody has to look."""

    @classmethod
    def of(cls, error: AppError, request: Request) -> Self:
        """The page of an error."""
        problems: list[FieldProblem] = []
        suggestions: list[tuple[str, str]] = []
        told = say_finished(error.detail)
        if isinstance(error, Unprocessable):
            told = say("Go back, correct these fields and try again.")
            problems = [replace(each, detail=say_finished(each.detail)) for each in error.problems]
        elif isinstance(error, NotFound):
            suggestions = [(each, _address_of(each, request.url.path)) for each in error.suggestions]
        reference = request_ids.current() if isinstance(error, Unexpected) else ""
        return cls(say(error.title), told, problems, suggestions, _ways(error, request), reference)


def _address_of(suggestion: str, path: str) -> str:
    """Where a suggestion leads: an address as it is, a name in the list that was asked."""
    if suggestion.startswith("/"):
        return suggestion
    asked = next((each for each in NAMED_BELOW if path.startswith(each)), "")
    return f"{asked}{quote(suggestion)}" if asked else ""


def _ways(error: AppError, request: Request) -> list[tuple[str, str]]:
    """The same again where that may help, the page on which it can be corrected, and the usual doors."""
    path, query = request.url.path, request.url.query
    ways: list[tuple[str, str]] = []
    if error.status in WORTH_ANOTHER_TRY and request.method == "GET":
        ways.append((say("Try again"), f"{path}?{query}" if query else path))
    if path == "/result" and query:
        ways.append((say("Correct it on the page of all settings"), f"/settings?{query}"))
    ways += [(say(text), address) for text, address in LISTS if path.startswith(address)]
    return [*ways, *((say(text), address) for text, address in DOORS)]


def error_response(request: Request, error: AppError) -> Response:
    """An error in the form its reader prefers."""
    response: Response
    if prefers_html(request):
        with speaking(language_of(request)):
            response = render(ErrorPage.of(error, request), status=error.status)
    else:
        response = JSONResponse(error.problem(), error.status, media_type="application/problem+json")
    response.headers.update({"vary": VARY, "cache-control": "no-store", **error.headers})
    return response


def install(app: FastAPI, headers: Mapping[str, str]) -> None:
    """Answer every exception in one shape; ``headers`` are for the faults that no middleware sees."""

    def expected(request: Request, error: Exception) -> Response:
        return error_response(request, _app_error(request, error))

    def unexpected(request: Request, _error: Exception) -> Response:
        response = error_response(request, Unexpected())
        response.headers.update({**headers, request_ids.HEADER: request_ids.current()})
        return response

    for kind in (AppError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, expected)
    app.add_exception_handler(Exception, unexpected)


def _app_error(request: Request, error: Exception) -> AppError:
    if isinstance(error, RequestValidationError):
        found = field_problems(error.errors(), model=_request_model(request))
        return Unprocessable(found)
    if isinstance(error, HTTPException):
        return _of_the_framework(request, error)
    return errors.app_error_of(error)


def _of_the_framework(request: Request, error: HTTPException) -> AppError:
    """What the framework raises by itself: no such address, no such method, a body it cannot read."""
    if error.status_code == NotFound.status:
        return NotFound(f"There is nothing at {request.url.path}.")
    if error.status_code == errors.MethodNotAllowed.status:
        allowed = Headers(error.headers).get("allow", "")
        detail = f"{request.method} does not work at {request.url.path}{f': use {allowed}' if allowed else ''}."
        return errors.MethodNotAllowed(detail, headers=error.headers)
    kind = _BY_STATUS.get(error.status_code, AppError)
    told = kind(error.detail or HTTPStatus(error.status_code).phrase, headers=error.headers)
    told.status = error.status_code
    return told


def _request_model(request: Request) -> type[BaseModel] | None:
    """The model the handler reads the request into, for the names of its fields."""
    endpoint = request.scope.get("endpoint")
    if endpoint is None:
        return None
    parameters = inspect.signature(endpoint).parameters.values()
    return next((model for parameter in parameters for model in models_in(parameter.annotation)), None)
