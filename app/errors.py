"""Everything that goes wrong on purpose, and how it is told.

    AppError
    ├── SignInFirst           303  in the administration's pages
    ├── BadRequest            400
    ├── Unauthorized          401
    ├── Forbidden             403
    ├── NotFound              404  with the nearest names
    ├── MethodNotAllowed      405
    ├── Conflict              409
    ├── PreconditionFailed    412
    ├── TooLarge              413
    ├── Unprocessable         422  with one FieldProblem for each field
    ├── PreconditionRequired  428  in the administration's API
    ├── TooManyRequests       429
    ├── Unexpected            500
    ├── NotOffered            501  a format that another standard knows
    └── Unavailable           503

:func:`problem_of` turns any exception into the problem object of RFC 9457, for the API and for the items of a batch.
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from app.field_problems import FieldProblem, field_problems


class AppError(Exception):
    """An error its reader can act on; ``detail`` is a sentence for people."""

    status: int = 500
    title: str = "Something went wrong"

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})

    def problem(self) -> dict[str, object]:
        """The problem object of RFC 9457."""
        return {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}


class BadRequest(AppError):
    """The request cannot be read at all."""

    status = 400
    title = "The request cannot be read"


class Unauthorized(AppError):
    """Signing in comes first."""

    status = 401
    title = "Sign in first"


class Forbidden(AppError):
    """The caller may not do this."""

    status = 403
    title = "Not allowed"


class NotFound(AppError):
    """There is nothing of that name; ``suggestions`` are the nearest names there are."""

    status = 404
    title = "Not found"

    def __init__(
        self, detail: str, *, suggestions: Sequence[str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail, headers=headers)
        self.suggestions = list(suggestions)

    def problem(self) -> dict[str, object]:
        """The problem object, with the nearest names."""
        return {**super().problem(), "suggestions": self.suggestions}


class MethodNotAllowed(AppError):
    """The address exists, for other methods."""

    status = 405
    title = "Method not allowed"


class Conflict(AppError):
    """The request disagrees with what is stored."""

    status = 409
    title = "Conflict"


class PreconditionFailed(AppError):
    """Somebody else changed the entry in between."""

    status = 412
    title = "Changed in between"


class TooLarge(AppError):
    """The request is larger than what is read."""

    status = 413
    title = "Too large"


class Unprocessable(AppError):
    """Fields of the request need correcting."""

    status = 422
    title = "Some fields need correcting"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.problems = list(problems)

    def problem(self) -> dict[str, object]:
        """The problem object, with one entry for each field."""
        return {**super().problem(), "errors": [problem.as_json() for problem in self.problems]}


class TooManyRequests(AppError):
    """The caller asks faster than is fair to the others."""

    status = 429
    title = "Too many requests"


class Unexpected(AppError):
    """A fault of ours: what happened stands in the log and nowhere else."""

    def __init__(self) -> None:
        super().__init__("The fault is ours and has been logged. Try again in a moment.")


class NotOffered(AppError):
    """A form of the answer that others may have."""

    status = 501
    title = "Not offered"


class Unavailable(AppError):
    """Not ready yet, or not at the moment."""

    status = 503
    title = "Not available"


def app_error_of(error: Exception, *, model: type[BaseModel] | None = None) -> AppError:
    """Any exception as an :class:`AppError`; ``model`` is what was validated, for the names of its fields."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, ValidationError):
        return Unprocessable(field_problems(error.errors(include_url=False), model=model))
    return Unexpected()


def problem_of(error: Exception, *, model: type[BaseModel] | None = None) -> dict[str, object]:
    """Any exception as a problem object; one that nobody foresaw tells nothing of its inside."""
    return app_error_of(error, model=model).problem()
