"""The session of one request. It stands apart from :mod:`app.db`: the command line does without the framework."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.db import reading, transaction

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def request_session(request: Request) -> Iterator[Session]:
    """The session of one request: a transaction, committed before the answer leaves, unless the method only reads."""
    engine: Engine = request.app.state.engine
    with (reading if request.method in SAFE_METHODS else transaction)(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(request_session, scope="function")]
