"""Run the service: uvicorn over create_app()."""

import uvicorn

from app.catalogue import startup
from app.db import connect
from app.main import create_app
from app.settings import Settings


def serve(settings: Settings, *, host: str | None = None, port: int | None = None, workers: int | None = None) -> None:
    """Serve until stopped; what is not given comes from the settings."""
    processes = workers or settings.workers
    if processes > 1:
        engine = connect(settings.database_url)
        startup.init(engine)  # once, here, before the processes would all try
        engine.dispose()
    uvicorn.run(
        create_app(settings) if processes == 1 else "app.main:create_app",
        factory=processes > 1,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=processes,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
    )
