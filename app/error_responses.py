"""Errors as answers: problem+json (RFC 9457) for programs, a page for people."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar, Self

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from app import errors
from app.errors import AppError, NotFound, Unexpected, Unprocessable
from app.field_problems import FieldProblem, field_problems, models_in
from app.languages import say, say_finished, speaking
from app.negotiation import VARY, language_of, prefers_html
from app.observability import request_ids
from app.templating import render

_BY_STATUS = {
    kind.status: kind
    for kind in (errors.BadRequest, errors.Unauthorized, errors.Forbidden, errors.Conflict, errors.TooLarge)
}


@dataclass(frozen=True)
class ErrorPage:
    """What went wrong, and what to do about it."""

    template: ClassVar[str] = "error.html"

    title: str
    detail: str
    problems: list[FieldProblem]
    suggestions: list[str]

    @classmethod
    def of(cls, error: AppError) -> Self:
        """The page of an error."""
        if isinstance(error, Unprocessable):
            advice = say("Go back, correct these fields and try again.")
            problems = [replace(each, detail=say_finished(each.detail)) for each in error.problems]
            return cls(say(error.title), advice, problems, [])
        return cls(
            say(error.title), say_finished(error.detail), [], error.suggestions if isinstance(error, NotFound) else []
        )


def error_response(request: Request, error: AppError) -> Response:
    """An error in the form its reader prefers."""
    response: Response
    if prefers_html(request):
        with speaking(language_of(request)):
            response = render(ErrorPage.of(error), status=error.status)
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
