"""An import of many offers through the pages of a running service: how long each step takes, and how much memory.

.venv/bin/python bench/large_import.py [--rows 100000] [--database-url postgresql://...]
"""

import argparse
import csv
import datetime as dt
import http.client
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

from measuring import ROOT, served

EMAIL, PASSWORD = "bench@example.org", "correct horse battery"
FIELDS = (
    "provider", "instance", "region", "accelerator", "accelerator_name", "accelerator_count",
    "accelerator_memory_gib", "vcpus", "ram_gb", "usd_per_hour_on_demand", "usd_per_hour_spot", "billing", "as_of",
    "source", "note",
)  # fmt: skip
CARDS = (
    ("h100-sxm5-80gb", "H100 SXM", 80), ("a100-sxm4-80gb", "A100 SXM", 80), ("geforce-rtx-4090", "RTX 4090", 24),
    ("t4", "T4", 16), ("l4", "L4", 24),
)  # fmt: skip
PROVIDERS = ("aws", "gcp", "azure", "runpod", "vast")
LIMIT_S, LIMIT_BYTES = 30.0, 500e6
UNCHANGED = "0 new, 0 changed"


def main():
    """Measure and print; exit status 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database-url", default="", help="an empty database; a new SQLite file otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite:///{folder}/whichrig.db"
        environment = {"WHICHRIG_DATABASE_URL": url, "WHICHRIG_LOG_LEVEL": "warning"}
        make_account(environment)
        with served(environment) as (port, process):
            good = measure(Visitor(port, process.pid), options.rows)
    sys.exit(0 if good else 1)


def measure(visitor, rows):
    """Every step, one line each; whether the import kept the limits."""
    visitor.sign_in()
    revision, file = visitor.revision(), offers(rows)
    print(f"{rows:,} offers, {len(file) / 1e6:.1f} MB of CSV, after start {visitor.memory_bytes() / 1e6:.0f} MB")
    visitor.forget_peak()
    took_s = imported(visitor, file, told=f"{rows:,} new")
    timed(visitor, "until another request sees it", lambda: visitor.wait_for(revision + 1))
    for path in ("/cloud", "/cloud?q=h100", "/admin", "/admin/entries/offers", "/admin/entries/offers?q=bench-7",
                 "/admin/draft", "/admin/audit", "/hardware/h100-sxm5-80gb"):  # fmt: skip
        timed(visitor, f"GET {path}", lambda path=path: visitor.get(path))
    for _ in range(3):
        timed(visitor, "POST /recommend", visitor.recommend)
    timed(visitor, "the same file again, a dry run", lambda: visitor.upload(file, apply=False, told=UNCHANGED))
    dearer = offers(rows, times=1.1)
    took_again_s = imported(visitor, dearer, told=f"{rows:,} changed")
    timed(visitor, "draft the undo", lambda: visitor.restore(revision))
    timed(visitor, "GET /admin/draft with it", lambda: visitor.get("/admin/draft"))
    timed(visitor, "ask the saved questions of it", lambda: visitor.get("/admin/draft?answers=all"))
    timed(visitor, "publish the undo", lambda: visitor.publish("undo"))
    good = max(took_s, took_again_s) < LIMIT_S and visitor.peak < LIMIT_BYTES
    peak = f"{visitor.peak / 1e6:.0f} MB of {LIMIT_BYTES / 1e6:.0f} MB"
    print(f"new {took_s:.1f} s, dearer {took_again_s:.1f} s of {LIMIT_S:.0f} s; {peak}")
    return good


def imported(visitor, file, *, told):
    """From the file to the published catalogue. [s]"""
    steps = {
        "dry run": lambda: visitor.upload(file, apply=False, told=told),
        "apply to the draft": lambda: visitor.upload(file, apply=True),
        "publish": lambda: visitor.publish("many offers"),
    }
    return sum(timed(visitor, name, step) for name, step in steps.items())


def timed(visitor, name, step):
    """How long a step takes, printed with the peak of the service's memory in it. [s]"""
    visitor.forget_peak()
    started, worked_s = time.perf_counter(), visitor.worked_s()
    step()
    took_s, peak = time.perf_counter() - started, visitor.memory_bytes()
    visitor.peak = max(visitor.peak, peak)
    worked_s = visitor.worked_s() - worked_s
    print(f"{name:<34} {took_s:7.2f} s  (processor {worked_s:6.2f} s)  {peak / 1e6:5.0f} MB", flush=True)
    return took_s


def offers(rows, *, times=1.0):
    """A file of offers that no catalogue has, as a provider's price list would give them."""
    today, out = dt.datetime.now(dt.UTC).date().isoformat(), io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    for number in range(rows):
        slug, name, gib = CARDS[number % len(CARDS)]
        count = 2 ** (number % 4)
        usd = round(times * 0.4 * count * (1 + number % 97 / 40), 4)
        writer.writerow((
            PROVIDERS[number % 5], f"bench-{number // 50}.{count}x", f"region-{number % 50}", slug, name, count,
            gib * count if number % 2 else gib, 8 * count, 60 * count, usd, round(usd / 2, 4), "per second", today,
            "general-knowledge", f"row {number}",
        ))  # fmt: skip
    return out.getvalue().encode()


def make_account(environment):
    """The first account, as an administrator makes it."""
    program = "import sys; from app.cli import main; main()"
    command = ["admin", "create-user", "--email", EMAIL, "--role", "approver", "--password-stdin"]
    subprocess.run(
        [sys.executable, "-c", program, *command], input=PASSWORD + "\n", text=True, check=True,
        env=os.environ | environment, cwd=ROOT, stderr=subprocess.DEVNULL,
    )  # fmt: skip


class Visitor:
    """An administrator at the service, who also looks at the memory of its process."""

    def __init__(self, port, process):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self.process = pathlib.Path("/proc") / str(process)
        self.cookie, self.peak = "", 0

    def ask(self, method, path, *, body=None, kind="application/x-www-form-urlencoded", accept="text/html"):
        """One request; the answer with what it holds."""
        headers = {"Accept": accept, "Cookie": self.cookie} | ({"Content-Type": kind} if body is not None else {})
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path} answered {answer.status}: {content[:500].decode()}")
        return answer, content

    def get(self, path):
        """A page."""
        return self.ask("GET", path)[1]

    def sign_in(self):
        """Fill in the form."""
        form = urllib.parse.urlencode({"email": EMAIL, "password": PASSWORD})
        answer, _ = self.ask("POST", "/admin/sign-in", body=form)
        self.cookie = answer.headers["set-cookie"].split(";")[0]

    def upload(self, file, *, apply, told=""):
        """Send the file, as a browser does."""
        border, parts = "border0123456789", {"table": "offers", "why": "a price list"}
        parts |= {"apply": "yes"} if apply else {}
        lines = [f'--{border}\r\ncontent-disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in parts.items()]
        heading = f'--{border}\r\ncontent-disposition: form-data; name="file"; filename="offers.csv"\r\n\r\n'
        body = ("".join(lines) + heading).encode() + file + f"\r\n--{border}--\r\n".encode()
        content = self.ask("POST", "/admin/import", body=body, kind=f"multipart/form-data; boundary={border}")[1]
        if told not in content.decode():
            raise SystemExit(f"the dry run did not say {told!r}: {re.findall('[^>]*rejected[^<]*', content.decode())}")

    def publish(self, why):
        """As a program does."""
        said = json.dumps({"why": why})
        path = "/admin/api/draft/publication"
        self.ask("POST", path, body=said, kind="application/json", accept="application/json")

    def recommend(self):
        """An answer to a visitor."""
        workload = {"task": "finetune", "domain": "text", "model": {"name": "llama-3.1-8b"}, "method": "qlora"}
        asked = json.dumps({"workload": workload})
        self.ask("POST", "/recommend", body=asked, kind="application/json", accept="application/json")

    def restore(self, revision):
        """Draft everything as it was."""
        path = f"/admin/api/revisions/{revision}/restoration"
        self.ask("POST", path, body="", accept="application/json")

    def revision(self):
        """The revision that answers come from."""
        return json.loads(self.ask("GET", "/readyz", accept="application/json")[1])["catalogue_revision"]

    def wait_for(self, revision):
        """Ask until it is served."""
        while self.revision() < revision:
            time.sleep(0.01)

    def worked_s(self):
        """What the service has used of a processor: the same however busy the machine is. [s]"""
        fields = (self.process / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def forget_peak(self):
        """Begin to measure the peak anew."""
        (self.process / "clear_refs").write_text("5")

    def memory_bytes(self):
        """The peak of the resident memory since it was forgotten. [bytes]"""
        status = (self.process / "status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    main()
