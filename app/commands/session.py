"""What commands share: the catalogue, errors as messages with their exit status, results as JSON."""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from app.errors import AppError, NotFound, Unprocessable, app_error_of
from app.settings import Settings, SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.catalogue.snapshot import Snapshot

Query = TypeVar("Query", bound=BaseModel)
JsonFlag = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

WRONG_INPUT = 2
FAILED = 1
NOTHING_FITS = 3
"""The question was answered, and nothing to buy or to rent keeps every limit in it."""


def examples(*lines: str) -> str:
    """Commands to try, below a command's help; each keeps its own line.

    >>> print(examples("whichrig hardware list", "whichrig hardware show 4090").replace(chr(8), ""))
    <BLANKLINE>
    Examples:
      whichrig hardware list
      whichrig hardware show 4090
    """
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@contextmanager
def problems_told() -> Iterator[None]:
    """What goes wrong is said on standard error, and the exit status says whose turn it is."""
    logging.basicConfig(level=logging.WARNING, format="whichrig: %(message)s", stream=sys.stderr)
    try:
        yield
    except Unprocessable as error:
        for problem in error.problems:
            message(problem.sentence + _suggested(problem.suggestions))
        raise typer.Exit(WRONG_INPUT) from error
    except NotFound as error:
        message(error.detail + _suggested(error.suggestions))
        raise typer.Exit(WRONG_INPUT) from error
    except SettingsError as error:
        message(str(error))
        raise typer.Exit(WRONG_INPUT) from error
    except BrokenPipeError:
        raise  # whoever reads has seen enough: typer leaves without a word
    except (AppError, OSError) as error:
        message(str(error))
        raise typer.Exit(FAILED) from error
    except Exception as error:
        trouble = _database_trouble(error)
        if not trouble:
            raise
        message(trouble)
        raise typer.Exit(FAILED) from error


def _database_trouble(error: Exception) -> str:
    """What keeps the database from being used, if it is that; its library is loaded only by those who use it."""
    if "sqlalchemy" not in sys.modules:
        return ""
    from sqlalchemy.exc import DBAPIError

    if not isinstance(error, DBAPIError):
        return ""
    cause = next(iter(str(error.orig).strip().splitlines()), type(error).__name__)
    return f"the database cannot be used: {cause}"


def message(text: str) -> None:
    """Say something to the person, beside the results."""
    typer.echo(f"whichrig: {text}", err=True)


def open_database() -> "Engine":
    """The database of the settings; what it needs is imported now, so that help comes at once."""
    from app.db import connect

    settings = Settings.from_environment()
    path = _database_file(settings)
    if path is not None and not path.exists():
        message(f"making the catalogue at {path}; this happens once")
    return connect(settings.database_url)


def ready_database() -> "Engine":
    """The database at the newest schema, with a catalogue in it."""
    from app.catalogue.startup import init

    engine = open_database()
    init(engine)
    return engine


def open_catalogue() -> "Snapshot":
    """The published catalogue; a database that is missing is made and filled first."""
    path = _database_file(Settings.from_environment())
    if path is None:
        engine = open_database()
        _bring_up(engine)
        return _read_catalogue(engine)
    from app.catalogue import kept

    catalogue = kept.read(path)
    if catalogue is None:
        engine = open_database()
        _bring_up(engine)
        engine.dispose()  # with the last connection what lies in the log moves into the file
        state = kept.state_at_rest(path)
        catalogue = _read_catalogue(engine)
        engine.dispose()
        kept.write(path, catalogue, state=state)
    return catalogue


def _database_file(settings: Settings) -> Path | None:
    """The file of a SQLite database."""
    _, _, path = settings.database_url.partition("sqlite:///")
    return None if not path or path == ":memory:" or "?" in path else Path(path)


def _bring_up(engine: "Engine") -> None:
    from app.catalogue.startup import init, schema_version

    is_new = schema_version(engine) is None
    init(engine)
    if not is_new:
        _follow_seed(engine)


def _read_catalogue(engine: "Engine") -> "Snapshot":
    from app.catalogue.queries import load_snapshot
    from app.db import reading

    with reading(engine) as session:
        return load_snapshot(session)


def _follow_seed(engine: "Engine") -> None:
    """Take over what a newer version brought along."""
    from app.catalogue.seed import seen
    from app.db import reading

    with reading(engine) as session:
        if seen(session):
            return
    from sqlalchemy.exc import SQLAlchemyError

    from app.admin.seed_upgrade import follow

    try:
        followed = follow(engine)
    except (AppError, SQLAlchemyError) as error:  # perhaps one may only read here: the catalogue there is will do
        message(f"the seed of this version could not be taken over: {error}")
        return
    if followed is not None and followed.is_news:
        message(followed.told)


def query_of(query_type: type[Query], **fields: Any) -> Query:
    """The filters of a list, checked."""
    try:
        return query_type.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise app_error_of(error, model=query_type) from error


def show_json(result: BaseModel | Sequence[BaseModel]) -> None:
    """A result for machines."""
    if isinstance(result, BaseModel):
        typer.echo(result.model_dump_json(indent=2))
    else:
        typer.echo(json.dumps([entry.model_dump(mode="json") for entry in result], indent=2))


def _suggested(names: list[str]) -> str:
    return f" Did you mean {', '.join(names)}?" if names else ""
