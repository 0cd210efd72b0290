"""What a bare machine is handed: ./run, the lock files and the container."""

import re
import shutil
import subprocess
import tomllib

import pytest

from app.settings import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN = (ROOT / "run").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(params=["requirements.lock", "requirements-dev.lock"])
def lock(request) -> str:
    return (ROOT / request.param).read_text(encoding="utf-8")


def test_a_lock_file_names_no_address(lock):
    assert "://" not in lock
    assert "--index" not in lock


def test_a_lock_file_holds_every_dependency_with_hashes(lock):
    pinned = re.findall(r"^([a-z0-9-]+)==\S+.*?((?:\\\n +--hash=sha256:[0-9a-f]{64} ?)+)", lock, re.MULTILINE)
    needed = {re.match(r"[a-z0-9-]+", one)[0] for one in PROJECT["project"]["dependencies"]}

    assert needed - {name for name, _ in pinned} == set()
    assert len(pinned) == len(re.findall(r"^[a-z0-9-]+==", lock, re.MULTILINE))


def test_both_lock_files_agree_on_every_version():
    versions = [
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]

    assert versions[0].items() <= versions[1].items()


def test_run_is_a_plain_shell_script():
    assert RUN.startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(ROOT / "run")], check=True)
    if shutil.which("dash"):
        subprocess.run(["dash", "-n", str(ROOT / "run")], check=True)


def test_run_explains_itself_when_it_is_told_nothing():
    told = subprocess.run([str(ROOT / "run")], capture_output=True, text=True, check=False)

    commands = re.findall(r"^    (\w+)\)(?: |$)", RUN.split("case $command in")[1], re.MULTILINE)
    assert told.returncode == 2
    assert [line.split()[1] for line in told.stderr.splitlines()] == commands


def test_the_tests_of_a_change_are_the_tests_of_a_developer():
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("exec ./run test")


def test_everything_that_the_container_copies_is_there():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)

    assert [name for names in copied for name in names.split() if not (ROOT / name).exists()] == []


def test_the_container_gets_all_that_the_service_reads():
    copied = set(re.findall(r"^COPY (\w+) ", DOCKERFILE, re.MULTILINE))

    assert {name for name in ("app", "migrations", "static", "templates") if (ROOT / name).exists()} <= copied


def test_the_container_is_checked_and_runs_without_privileges():
    assert re.search(r"^USER whichrig$", DOCKERFILE, re.MULTILINE)
    assert "/healthz" in DOCKERFILE.split("HEALTHCHECK")[1]
    assert "--require-hashes" in DOCKERFILE


def test_nothing_that_the_container_needs_is_ignored():
    allowed = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    copied = {
        name.split("/")[0]
        for names in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for name in names.split()
    }

    assert copied <= allowed
