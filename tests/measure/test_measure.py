import json
import shutil
from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

from app.admin import importing
from app.admin.entities import entity_named
from app.commands import measure as door
from app.db import connect, transaction
from app.engine.workload import Workload
from app.measure import with_numpy, with_torch
from app.measure.compare import Compared, compared, evidence_file
from app.measure.figures import Figure, seconds_of, threads_allowed
from app.measure.trees import binned, boosted

TINY = {"at_least_s": 0.01, "scale": 0.02}


@pytest.fixture(scope="module")
def catalogue(client):
    return client.app.state.catalogue.current()


@pytest.fixture(scope="module")
def database(seed_file, tmp_path_factory) -> str:
    """A catalogue as a new installation has it."""
    return f"sqlite:///{shutil.copy(seed_file, tmp_path_factory.mktemp('measured'))}"


@pytest.fixture(scope="module")
def on_numpy():
    return list(with_numpy.measured(**TINY))


def test_the_time_is_the_median_of_at_least_three_runs():
    runs = []

    took = seconds_of(lambda: runs.append(None), at_least_s=0.0)

    assert len(runs) == 4  # the first does not count
    assert 0 <= took < 0.1


def test_the_processor_is_measured_with_numpy_alone(on_numpy):
    assert [figure.name for figure in on_numpy] == [
        "matmul_fp32", "memory_bandwidth", "linear_regression", "boosted_trees",
    ]  # fmt: skip
    assert all(figure.value > 0 for figure in on_numpy)


def test_more_trees_and_deeper_ones_fit_better():
    rng = np.random.default_rng(3)
    table = rng.random((2000, 4))
    truth = np.sin(6 * table[:, 0]) + table[:, 1]
    errors = [
        np.mean((boosted(binned(table), truth, rounds=rounds, depth=depth) - truth) ** 2)
        for rounds, depth in ((5, 2), (40, 2), (40, 4))
    ]

    assert errors == sorted(errors, reverse=True)


def test_a_figure_stands_beside_its_prediction(catalogue, on_numpy):
    device = catalogue.accelerators["core-i7-13700k"]

    found = [compared(catalogue, figure, device=device) for figure in on_numpy]

    assert all(each.predicted > 0 for each in found)
    assert found[0].ratio == pytest.approx(on_numpy[0].value / found[0].predicted)


def test_without_a_known_device_nothing_is_predicted(catalogue, on_numpy):
    assert [compared(catalogue, figure, device=None).ratio for figure in on_numpy] == [None] * 4


def test_the_file_holds_every_figure_and_imports_what_is_comparable(catalogue, on_numpy):
    device = catalogue.accelerators["core-i7-13700k"]
    found = [compared(catalogue, figure, device=device) for figure in on_numpy]

    content = json.loads(evidence_file(found, device=device, on=date(2026, 11, 1), version="1"))

    assert [each["name"] for each in content["figures"]] == [figure.name for figure in on_numpy]
    assert [row["model"] for row in content["rows"]] == ["linear-regression"]
    assert Workload.model_validate_json(content["rows"][0]["workload"]).task == "classical"
    assert content["rows"][0]["value"] == pytest.approx(on_numpy[2].value / 3600)


def test_of_a_processor_with_idle_cores_less_is_expected_and_nothing_imported(catalogue, on_numpy):
    device = catalogue.accelerators["core-i7-13700k"]

    whole, part = (
        [compared(catalogue, figure, device=device, threads=threads) for figure in on_numpy] for threads in (16, 2)
    )

    assert part[0].predicted == pytest.approx(whole[0].predicted / 8)
    assert part[2].predicted > whole[2].predicted
    assert part[3].predicted == whole[3].predicted  # numpy's trees use one core in either case
    written = [
        json.loads(evidence_file(part, device=device, on=date(2026, 11, 1), version="1", threads=threads))
        for threads in (16, 2)
    ]
    assert [len(each["rows"]) for each in written] == [1, 0]
    assert 1 <= threads_allowed() <= 4096


def test_a_file_of_an_unknown_device_imports_nothing():
    found = [Compared(Figure("x", "x", 1.0, "s", "duration_hours", {"task": "learn"}), None)]

    assert json.loads(evidence_file(found, device=None, on=date(2026, 11, 1), version="1"))["rows"] == []


def test_an_administrator_can_import_the_file(catalogue, on_numpy, database):
    device = catalogue.accelerators["core-i7-13700k"]
    found = [compared(catalogue, figure, device=device) for figure in on_numpy]
    content = evidence_file(found, device=device, on=date(2026, 11, 1), version="1").encode()
    entity = entity_named("evidence")

    with transaction(connect(database)) as session:
        rows = importing.rows_of(entity, content, is_json=True)
        planned = importing.plan(session, entity, rows=rows, actor="test", why="measured here")

    assert (len(planned.new), planned.rejected) == (1, [])


def test_without_pytorch_the_command_says_what_to_do(monkeypatch):
    monkeypatch.setattr(with_torch, "torch_module", lambda: None)

    done = CliRunner().invoke(door.command, [])

    assert done.exit_code == 1
    assert "--cpu" in done.stderr
    assert "pytorch.org" in done.stderr


def test_the_command_measures_this_processor(tmp_path, monkeypatch, database):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", database)
    file = tmp_path / "measured.json"

    arguments = [
        "--cpu",
        "--accelerator",
        "core-i7-13700k",
        "--seconds",
        "0.01",
        "--scale",
        "0.02",
        "--write",
        str(file),
    ]
    done = CliRunner().invoke(door.command, arguments)

    assert done.exit_code == 0, done.stderr
    assert "matrix product, fp32" in done.stdout
    assert len(json.loads(file.read_text("utf-8"))["figures"]) == 4


class Tensor:
    """Stands for every tensor, module and optimizer: it answers everything with itself."""

    def __init__(self, *_, **__):
        pass

    def __call__(self, *_, **__):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def __matmul__(self, _):
        return self

    def numel(self):
        return 1_000

    def element_size(self):
        return 2

    def parameters(self):
        return [self, self]


class Layers:
    """The layers of PyTorch that are asked for, counted."""

    Module = Tensor

    def __init__(self):
        self.made = []

    def __getattr__(self, name):
        return lambda *_, **__: self.made.append(name) or Tensor()


class Torch(Tensor):
    """As much of PyTorch as the measurements touch: no arithmetic, only who is asked for what."""

    float32, bfloat16 = "float32", "bfloat16"

    def __init__(self, device):
        self.nn, self.synchronized = Layers(), []
        self.cuda = type("Cuda", (), {
            "is_available": staticmethod(lambda: device == "cuda"),
            "synchronize": lambda *_: self.synchronized.append(device),
        })()  # fmt: skip
        self.mps = type("Metal", (), {"synchronize": lambda *_: self.synchronized.append(device)})()
        available = type("Mps", (), {"is_available": staticmethod(lambda: device == "mps")})()
        self.backends = type("Backends", (), {"mps": available})()


@pytest.mark.parametrize(("device", "kind"), [("cuda", "bf16"), ("mps", "bf16"), ("cpu", "fp32")])
def test_pytorch_runs_five_workloads_and_waits_for_the_device(device, kind):
    torch = Torch(device)

    figures = list(with_torch.measured(torch, at_least_s=0.0, scale=0.05))

    assert [figure.name for figure in figures] == [
        f"matmul_{kind}", "memory_bandwidth", "transformer_step", "resnet50_step", "decode_step",
    ]  # fmt: skip
    assert all(Workload.model_validate(each.workload) for each in figures if each.workload)
    assert bool(torch.synchronized) == (device != "cpu")


def test_the_network_has_the_layers_of_resnet50():
    torch = Torch("cuda")

    with_torch.resnet50(torch)

    counts = {name: torch.nn.made.count(name) for name in ("Conv2d", "BatchNorm2d", "Linear", "MaxPool2d")}
    assert counts == {"Conv2d": 53, "BatchNorm2d": 53, "Linear": 1, "MaxPool2d": 1}


def test_work_under_pytorch_has_its_prediction(catalogue):
    device = catalogue.accelerators["geforce-rtx-3090"]

    figures = with_torch.measured(Torch("cuda"), at_least_s=0.0)
    predicted = [compared(catalogue, figure, device=device).predicted for figure in figures]

    assert all(value > 0 for value in predicted)
