"""The published catalogue of a running service: always at hand, replaced in the background when its revision moves."""

import gc
import logging
from contextlib import AbstractAsyncContextManager
from itertools import repeat

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.catalogue import startup
from app.catalogue.snapshot import Snapshot
from app.repeating import repeated

log = logging.getLogger(__name__)


RARELY = (100_000, 20, 50)
"""When a service collects garbage: looking at a whole catalogue for some takes long, and it stays."""


class PublishedCatalogue:
    """The newest snapshot this process knows; asking for it costs nothing, so handlers do it on the event loop."""

    def __init__(self, engine: Engine) -> None:
        gc.set_threshold(*RARELY)
        self._engine = engine
        self._snapshot = startup.prepare(engine)

    def current(self) -> Snapshot:
        """The snapshot."""
        return self._snapshot

    def refresh(self) -> None:
        """Look at the database, and take over a new revision; a database out of reach leaves the old one in use."""
        try:
            self._snapshot = startup.current(self._engine)
        except SQLAlchemyError:
            log.exception("the catalogue cannot be read; revision %d stays in use", self._snapshot.revision)

    def followed(self, *, every_s: float = startup.LOOK_AGAIN_AFTER_S) -> AbstractAsyncContextManager[None]:
        """Refresh again and again, in a thread, while the block lasts."""
        return repeated(self.refresh, pauses_s=repeat(every_s))
