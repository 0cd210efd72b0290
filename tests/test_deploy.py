"""What operators start from: the container's steps, compose, systemd and the proxies."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from contextlib import suppress

import pytest
import yaml

from app.settings import PREFIX, ROOT, Settings, variable

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
NOBODY = 65534
PYTHONS = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")
IGNORED = shutil.ignore_patterns("__pycache__", "screenshots")


class Image:
    """The Dockerfile's steps, done below a folder by somebody without privileges."""

    def __init__(self, folder, python: str) -> None:
        self.folder = folder
        self.python = python
        self.environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        self.owner = NOBODY if os.getuid() == 0 else None
        for name in ("app", "data"):
            self._make(folder / name)

    def stages(self) -> list[list[tuple[str, str]]]:
        text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
        steps = [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]
        starts = [place for place, step in enumerate(steps) if step[0] == "FROM"]
        return [steps[start:end] for start, end in zip(starts, [*starts[1:], len(steps)], strict=True)]

    def here(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(venv|app|data)\b", rf"{self.folder}/\1", text)

    def copy(self, argument: str) -> None:
        *sources, target = argument.split()
        for name in [] if sources[0].startswith("--from") else sources:
            source, place = ROOT / name, self.folder / "app" / target
            if source.is_dir():
                shutil.copytree(source, place, ignore=IGNORED, dirs_exist_ok=True)
            else:
                place = place / source.name if target.endswith("/") else place
                place.parent.mkdir(exist_ok=True)
                shutil.copy(source, place)
        if self.owner:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(self.folder / "app")], check=True)

    def start(self, command: list[str], **options) -> subprocess.Popen:
        who = {"user": self.owner, "group": self.owner, "extra_groups": []} if self.owner else {}
        return subprocess.Popen(command, cwd=self.folder / "app", env=self.environment, **who, **options)

    def _make(self, path) -> None:
        path.mkdir()
        if self.owner:
            os.chown(path, NOBODY, NOBODY)


@pytest.fixture
def image(tmp_path_factory):
    """An empty image, and an interpreter of this version that anybody may run."""
    folder = tmp_path_factory.mktemp("image")
    for path in (folder, *folder.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(0o755)
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    same = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    made = Image(folder, sys.executable)
    for python in PYTHONS:
        made.python = python
        with suppress(OSError):
            if made.start([python, "-c", same]).wait() == 0:
                return made
    pytest.skip("there is no Python of this version that a user without privileges may run")


def serves(image: Image, program: list[str]) -> None:
    """The last stage's ENV, CMD and HEALTHCHECK: the service comes up, and the check says so."""
    steps = dict(image.stages()[-1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = dict(pair.split("=", 1) for pair in shlex.split(steps["ENV"]))
    given.pop("PATH")
    image.environment |= {name: image.here(value) for name, value in given.items()}
    image.environment |= {"WHICHRIG_PORT": str(port), "WHICHRIG_HOST": "127.0.0.1"}
    whichrig, *arguments = json.loads(steps["CMD"])
    assert whichrig == "whichrig"
    check = [image.python, *json.loads(steps["HEALTHCHECK"].split("CMD", 1)[1])[1:]]

    process = image.start([*program, *arguments], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while image.start(check, stderr=subprocess.DEVNULL).wait() != 0:
            assert process.poll() is None, process.stderr.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        for path in ("/readyz", "/docs", "/hardware/geforce-rtx-4090"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.status == 200
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert (image.folder / "data" / "whichrig.db").stat().st_uid == (image.owner or os.getuid())


def test_the_files_of_the_container_are_enough_for_a_user_without_privileges(image):
    for instruction, argument in image.stages()[-1]:
        if instruction == "COPY":
            image.copy(argument)
    image.environment["PYTHONPATH"] = os.pathsep.join([str(image.folder / "app"), sysconfig.get_path("purelib")])

    serves(image, [image.python, "-c", "from app.cli import main; main()"])


@pytest.mark.network
def test_the_steps_of_the_container_work_in_a_clean_directory(image):
    image.environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    for stage in image.stages():
        for instruction, argument in stage:
            if instruction == "COPY":
                image.copy(argument)
            elif instruction == "RUN" and "useradd" not in argument:
                command = re.sub(r"^python\b", image.python, image.here(argument))
                assert image.start(["sh", "-c", command]).wait() == 0, command

    serves(image, [str(image.folder / "venv" / "bin" / "whichrig")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_in_an_example_is_a_setting(path):
    known = {variable(name) for name in Settings.model_fields}
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", path.read_text(encoding="utf-8")))

    assert {name.removesuffix("_FILE") for name in named} <= known


def test_the_values_in_the_examples_are_ones_that_the_service_takes():
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["service"]
    given = {
        name: re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", r"\2", value)
        for name, value in service["environment"].items()
    }
    given = {name: value for name, value in given.items() if not name.endswith("_FILE")} | {
        "WHICHRIG_PUBLIC_URL": "https://x"
    }

    assert Settings.from_environment(given).rate_limit == "120/minute"


def test_compose_keeps_everything_but_the_proxy_inside():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))

    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert {name for service in compose["services"].values() for name in service.get("secrets", [])} == set(
        compose["secrets"]
    )
    assert compose["networks"]["inside"]["internal"]
    assert compose["services"]["database"]["networks"] == ["inside"]


def test_compose_lets_the_service_read_prices():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    of_service = set(compose["services"]["service"]["networks"])

    assert [name for name in of_service if not (compose["networks"][name] or {}).get("internal")] == ["outward"]
    assert "outward" not in compose["services"]["proxy"]["networks"]


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_a_proxy_keeps_the_metrics_inside_and_names_requests(name):
    text = (DEPLOY / name).read_text(encoding="utf-8")

    assert "/metrics" in text
    assert "404" in text
    assert "X-Request-ID" in text


def test_systemd_understands_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    text = (DEPLOY / "whichrig.service").read_text(encoding="utf-8")
    unit = tmp_path / "whichrig.service"
    unit.write_text(
        re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE), encoding="utf-8"
    )

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in done.stderr.splitlines() if "whichrig.service" in line] == []
