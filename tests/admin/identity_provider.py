"""A real OpenID Connect provider in a process of its own, and a visitor who signs in there."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

STARTS_WITHIN_S = 30
PEOPLE = (
    {"sub": "a1", "email": "editor@example.org", "email_verified": True, "groups": ["staff"]},
    {"sub": "b2", "email": "new@example.org", "email_verified": True, "groups": ["staff", "admins"]},
    {"sub": "c3", "email": "unsure@example.org", "email_verified": False},
    {"sub": "d4", "email": "silent@example.org"},
    {"sub": "e5", "email": "guest@example.org", "email_verified": True, "groups": ["guests"]},
)


@contextmanager
def provider(*, tokens_last_s: int = 3600) -> Iterator[str]:
    """The issuer of a provider that runs while the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    people = [word for person in PEOPLE for word in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), "-e", str(tokens_last_s), *people]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    ends_at = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < ends_at and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return
        time.sleep(0.05)
    raise AssertionError("the provider did not start")


def agreed(address: str, subject: str, *, agrees: bool = True, **changes: str) -> str:
    """Where the provider sends somebody back to who signs in at an address; ``changes`` are made to its question."""
    parts = urlsplit(address)
    asked = urlencode(dict(parse_qsl(parts.query)) | changes)
    form = {"sub": subject} if agrees else {"action": "deny"}
    answer = httpx.post(f"{parts.scheme}://{parts.netloc}{parts.path}?{asked}", data=form)
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"
