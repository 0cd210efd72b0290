"""The service and its command line as processes of their own, for tests of whole journeys."""

import os
import socket
import subprocess
import time
from contextlib import contextmanager, suppress

from app.settings import ROOT

PASSWORD = "correct horse battery"
STARTS_WITHIN_S = 180


@contextmanager
def serving(program: list[str], database_url: str):
    """``whichrig serve`` on a port of its own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"WHICHRIG_DATABASE_URL": database_url, "WHICHRIG_PORT": str(port)}
    process = subprocess.Popen([*program, "serve"], env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def whichrig(program: list[str], database_url: str, *arguments: str, entered: str = "") -> subprocess.CompletedProcess:
    """One command, which has to succeed."""
    done = subprocess.run(
        [*program, *arguments],
        env=os.environ | {"WHICHRIG_DATABASE_URL": database_url},
        cwd=ROOT,
        input=entered,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def make_account(program: list[str], database_url: str, *, email: str, role: str = "approver") -> None:
    """The first account, as the documentation says."""
    arguments = ("admin", "create-user", "--email", email, "--role", role, "--password-stdin")
    whichrig(program, database_url, *arguments, entered=f"{PASSWORD}\n")
