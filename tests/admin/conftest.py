"""The seed with three accounts, on both databases; each test gets a copy of its own."""

import shutil
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from app.admin import accounts, bench, passwords
from app.admin.bench import questions as bench_questions
from app.catalogue import startup
from app.catalogue.seed import seed_rows
from app.db import connect, transaction
from app.main import create_app
from app.settings import Settings
from app.tables import SavedQuestionRow, User
from tests.browser import Browser

PASSWORD = "correct horse battery"
ROLES = ("viewer", "editor", "approver")
TEMPLATE = "admin_template"
ASKED = {"first-course", "small-table"}
LEFT_OUT = {row["slug"] for row in seed_rows(SavedQuestionRow)} - ASKED
"""Saved questions that most tests do without."""


def address(role: str) -> str:
    return f"{role}@example.org"


@pytest.fixture(scope="session")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture(scope="session")
def fill(password_hash):
    """Make an account of each role in a database with the seed in it."""

    def filled(url: str) -> None:
        engine = connect(url)
        with transaction(engine) as session:
            for role in ROLES:
                user = User(email=address(role), role=role, password_hash=password_hash, created_at=datetime.now(UTC))
                session.add(user)
        engine.dispose()

    return filled


@pytest.fixture(scope="session")
def sqlite_template(seed_file, tmp_path_factory, fill):
    path = shutil.copy(seed_file, tmp_path_factory.mktemp("admin") / "template.db")
    fill(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server, postgres_seed, fill) -> str:
    postgres_server.psql(f"CREATE DATABASE {TEMPLATE} TEMPLATE {postgres_seed};")
    fill(postgres_server.get_uri(database=TEMPLATE))
    return TEMPLATE


@pytest.fixture
def sqlite_copy(sqlite_template, tmp_path) -> str:
    shutil.copy(sqlite_template, tmp_path / "copy.db")
    return f"sqlite:///{tmp_path}/copy.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def filled_url(request) -> str:
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_copy")
    return request.getfixturevalue("postgres_copy")(request.getfixturevalue("postgres_template"))


@pytest.fixture
def engine(filled_url):
    engine = connect(filled_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def started():
    """The service on a fresh copy; the catalogue, which is the same in all of them, is read once from each database."""
    known = {}
    load = startup.load_snapshot

    def first(session):
        name = session.get_bind().dialect.name
        if name not in known:
            known[name] = load(session)
        return known[name]

    @contextmanager
    def service(url: str):
        with ExitStack() as stack:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(startup, "load_snapshot", first)
                client = stack.enter_context(TestClient(create_app(Settings(database_url=url))))
            yield client

    return service


@pytest.fixture
def client(filled_url, started):
    """The service on that database."""
    with started(filled_url) as client:
        yield client


@pytest.fixture
def quick_client(sqlite_copy, started):
    """The same on SQLite only, for what has nothing to do with the database."""
    with started(sqlite_copy) as client:
        yield client


@pytest.fixture
def key_of():
    """A key for programs, in the name of an account."""

    def key(client: TestClient, role: str, *, scope: str = "", days: int = 30) -> dict[str, str]:
        with transaction(client.app.state.engine) as session:
            user = accounts.user_named(session, address(role))
            caller = accounts.Caller(user.id, user.email, user.role)
            made = accounts.new_key(session, caller, name="tests", scope=scope or role, days=days)
        return {"authorization": f"Bearer {made}"}

    return key


@pytest.fixture
def signed_in():
    """A browser that is signed in."""

    def browser(client: TestClient, role: str) -> Browser:
        with transaction(client.app.state.engine) as session:
            token = accounts.signed_in(session, accounts.user_named(session, address(role)), browser="tests")
        client.cookies.clear()
        client.cookies.set("whichrig-session", token)
        return Browser(client)

    return browser


@pytest.fixture(autouse=True)
def few_questions(monkeypatch):
    """A few saved questions are enough for most tests, and quick."""

    def few(session):
        return tuple(each for each in bench_questions(session) if each.slug not in LEFT_OUT and each.origin == "own")

    monkeypatch.setattr(bench, "questions", few)
