"""Servers on 127.0.0.1 and the time their answers take: what the speed benchmarks share."""

import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress

ROOT = pathlib.Path(__file__).parent.parent
STARTS_WITHIN_S = 60
NOOP = """
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
async def nothing() -> dict[str, bool]:
    return {"ok": True}
uvicorn.run(app, port=int(__import__("sys").argv[1]), log_level="warning", access_log=False)
"""
SERVICE = """
from app.server import serve
from app.settings import Settings
serve(Settings.from_environment())
"""


@contextmanager
def noop():
    """A FastAPI application that does nothing: what the frame itself costs."""
    with _served(NOOP, {}) as (port, _):
        yield port


@contextmanager
def service():
    """The service as an installation runs it, with one process and a fresh catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/whichrig.db"
        environment = {"WHICHRIG_DATABASE_URL": database, "WHICHRIG_LOG_LEVEL": "warning", "WHICHRIG_WORKERS": "1"}
        with served(environment) as (port, _):
            yield port


@contextmanager
def served(environment):
    """The service with settings of one's own: its port and its process."""
    with _served(SERVICE, environment) as found:
        yield found


@contextmanager
def _served(program, environment):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        **environment,
        "WHICHRIG_PORT": str(port),
        "WHICHRIG_HOST": "127.0.0.1",
        "WHICHRIG_WORKERS": "1",
    }
    command = [sys.executable, "-c", program, str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port, process):
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return
        time.sleep(0.05)
    raise SystemExit("a server did not start")


class Client:
    """One connection that is kept open."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def seconds(self, path, *, body=None, accept="application/json"):
        """How long one answer takes. [s]"""
        started = time.perf_counter()
        self.text(path, body=body, accept=accept)
        return time.perf_counter() - started

    def text(self, path, *, body=None, accept="application/json"):
        """One answer."""
        headers = {"Accept": accept} | ({"Content-Type": "application/json"} if body else {})
        self.connection.request("POST" if body else "GET", path, body=body and json.dumps(body), headers=headers)
        response = self.connection.getresponse()
        found = response.read()
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}")
        return found


def during(seconds, measure):
    """What ``measure`` returns, again and again for so long, after a first time that does not count."""
    measure()
    found, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline or not found:
        found.append(measure())
    return found


def at_once(clients, seconds, measure_of):
    """The same by several clients at the same time: all that they found."""
    found = [[] for _ in range(clients)]
    threads = [threading.Thread(target=lambda own=own: own.extend(during(seconds, measure_of()))) for own in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [one for own in found for one in own]


def line(name, found, *, noop_s):
    """One line: median and 95th percentile, and how many times a no-op that is."""
    middle = statistics.median(found)
    late = sorted(found)[int(0.95 * (len(found) - 1))]
    told = f"{name:<28} {middle * 1e3:8.2f} ms  p95 {late * 1e3:8.2f} ms  {middle / noop_s:7.1f} x no-op"
    return f"{told}  ({len(found)} answers)"
