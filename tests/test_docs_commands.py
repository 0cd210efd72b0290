"""Every command, call and program in the documents works as it stands, or is listed here with the reason why it is not run."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT

PRICES = "whichrig prices "
NOT_RUN = {
    "./run ": "the checks and the service themselves; tests/test_deploy.py starts the service",
    "docker ": "there is no container engine here; tests/test_deploy.py does the image's steps",
    "systemctl ": "takes a machine with systemd; tests/test_deploy.py checks the unit",
    "bench/": "fits coefficients anew, which takes the whole set of measurements; tests/test_bench.py runs the others",
    PRICES: "reads live prices; tests/sources/test_documented_commands.py runs them against a server of its own",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "takes a receiver of traces; tests/observability collects them itself",
    "$SITE/admin/api": "takes a key of a person; tests/admin asks the same",
    "whichrig serve": "does not end; the other examples are answered by a served copy",
}
"""What stands in a block that is not run, and why."""

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CASE = {
    "request": {"workload": {"task": "train", "model": {"name": "resnet-50"}, "batch_size": 64, "precision": "amp"},
                "hardware": {"accelerator": "V100 SXM2 16GB"}},
    "measured": {"metric": "throughput_total", "value": 1325, "unit": "samples/s"},
    "kind": "throughput", "class": "vision_train", "group": "one", "source": "https://example.org",
}  # fmt: skip
QUESTION = {"id": "a", "workload": {"task": "train"}, "hardware": {"accelerator": "l4"}}
QUICKLY = 'if [ "$1" = measure ]; then set -- "$@" --seconds 0.01 --scale 0.05; fi'
"""Little work for little time, where a document measures this machine."""
PROGRAMS = {
    "curl": f'exec {shutil.which("curl")} --fail-with-body "$@"',
    "nvidia-smi": 'echo "NVIDIA GeForce RTX 3060, 12288 MiB"',
}


def blocks(path: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(path.read_text(encoding="utf-8")) if language in languages]


def not_run(text: str) -> bool:
    return any(mark in text for mark in NOT_RUN)


def documents(*languages: str) -> list[Path]:
    return [path for path in DOCUMENTS if any(not not_run(text) for text in blocks(path, *languages))]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def run(tmp_path, server_url, seeded_url, whichrig_program):
    """Run a program of a document in an empty folder, beside the served copy, with a catalogue of its own."""
    programs = tmp_path / "programs"
    for folder in (programs, tmp_path / "work", tmp_path / ".local/share/bash-completion/completions"):
        folder.mkdir(parents=True)
    whichrig = f'{QUICKLY}; exec {shlex.join(whichrig_program)} "$@"'
    for program, text in (PROGRAMS | {"whichrig": whichrig}).items():
        (programs / program).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / program).chmod(stat.S_IRWXU)
    (tmp_path / "work/cases.jsonl").write_text(json.dumps(CASE) + "\n", encoding="utf-8")
    (tmp_path / "work/questions.jsonl").write_text(json.dumps(QUESTION) + "\n", encoding="utf-8")
    (tmp_path / "work/question.json").write_text('{"workload": {"task": "learn"}}', encoding="utf-8")
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT),
        "PASSWORD": "a long enough password", "WHICHRIG_DATABASE_URL": seeded_url,
    }  # fmt: skip

    def start(command: list[str], text: str) -> subprocess.CompletedProcess:
        here = re.sub(r"(http://)?(localhost|127\.0\.0\.1):8000", server_url, text)
        return subprocess.run(
            [*command, here], cwd=tmp_path / "work", env=environment, input="a long enough password\n" * 2,
            capture_output=True, text=True, check=False, timeout=240, start_new_session=True,
        )  # fmt: skip

    return start


@pytest.mark.parametrize("path", documents("sh", "bash"), ids=name)
def test_the_commands_of_a_document_work(run, path):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    script = "\n".join(text for text in blocks(path, "sh", "bash") if not not_run(text))

    done = run(["bash", "-euo", "pipefail", "-c"], script)

    assert done.returncode == 0, done.stdout[-500:] + done.stderr


@pytest.mark.parametrize("path", documents("python"), ids=name)
def test_the_python_of_a_document_works(run, path):
    for text in blocks(path, "python"):
        done = run([sys.executable, "-c"], text)

        assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


@pytest.mark.parametrize("path", documents("js"), ids=name)
def test_the_javascript_of_a_document_works(run, path):
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js")
    for text in blocks(path, "js"):
        done = run(["node", "--input-type=module", "-e"], text)

        assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_the_json_of_a_document_is_json(path):
    for text in blocks(path, "json"):
        json.loads(text)


def test_everything_that_is_not_run_is_there_and_has_a_reason():
    everything = "\n".join(text for path in DOCUMENTS for text in blocks(path, "sh", "bash"))

    assert [mark for mark, reason in NOT_RUN.items() if mark not in everything or not reason] == []


def test_no_other_kind_of_block_can_hold_a_command():
    known = {"sh", "bash", "python", "js", "json", "text", "yaml", "html", "toml", "csv"}
    found = {language for path in DOCUMENTS for language, _ in BLOCK.findall(path.read_text(encoding="utf-8"))}

    assert found <= known
