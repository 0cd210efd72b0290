"""Run the service: uvicorn over create_app()."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory

import uvicorn
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.admin import accounts, seed_upgrade
from app.catalogue import startup
from app.db import connect, reading
from app.errors import AppError
from app.main import create_app
from app.observability import metrics
from app.observability.logs import log_config
from app.settings import Settings

FIRST_ACCOUNT = (
    "whichrig: nobody can administer yet; make the first account with: "
    "whichrig admin create-user --email you@example.org --role approver\n"
)


def serve(settings: Settings, *, host: str | None = None, port: int | None = None, workers: int | None = None) -> None:
    """Serve until stopped; what is not given comes from the settings."""
    processes = workers or settings.workers
    _prepare(settings)
    with _shared_metrics() if processes > 1 else nullcontext():
        uvicorn.run(
            create_app(settings) if processes == 1 else "app.main:create_app",
            factory=processes > 1,
            host=host or settings.host,
            port=settings.port if port is None else port,
            workers=processes,
            log_level=settings.log_level,
            log_config=log_config(form=settings.log_format, level=settings.log_level),
            access_log=settings.log_level == "debug",
            server_header=False,
        )


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which the processes count together; they inherit its name."""
    with TemporaryDirectory(prefix="whichrig-metrics-") as folder:
        os.environ.setdefault(metrics.FOLDER, folder)
        yield


def follow_seed(engine: Engine) -> None:
    """Take over what is new in the seed of this version, and say what became of it."""
    try:
        followed = seed_upgrade.follow(engine)
    except (AppError, SQLAlchemyError) as error:  # the catalogue there is goes on being served
        sys.stderr.write(f"whichrig: the seed of this version could not be taken over: {error}\n")
        return
    if followed is not None and followed.is_news:
        sys.stderr.write(f"whichrig: {followed.told}\n")


def _prepare(settings: Settings) -> None:
    """Bring the database up once, before several processes would all try, and say how to make the first account."""
    engine = connect(settings.database_url)
    startup.init(engine)
    follow_seed(engine)
    with reading(engine) as session:
        if not accounts.there_are_accounts(session):
            sys.stderr.write(FIRST_ACCOUNT)
    engine.dispose()
