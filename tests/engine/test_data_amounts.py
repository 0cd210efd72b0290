"""How much data a run sees: as stated, as known of a data set, or as is usual."""

import pytest

from app.engine.data_amounts import KnownData
from app.engine.defaults import complete
from app.engine.model_spec import AlgorithmSpec
from app.engine.workload import Workload
from tests.engine.jobs import make_spec
from tests.engine.network_jobs import RESNET50

LLAMA = make_spec()


def assumed(job, name):
    return next((a.value for a in job.assumptions if a.field == name), None)


def test_an_amount_of_data_is_only_assumed_when_asked_for():
    workload = Workload(task="train", domain="vision")

    assert complete(workload, model=RESNET50).samples is None
    assert complete(workload, model=RESNET50, assume_data=True).samples == 20_000


def test_a_catalogue_data_set_gives_samples_and_epochs():
    data = KnownData(samples=1_281_167, epochs=90)

    job = complete(Workload(task="train", domain="vision"), model=RESNET50, data=data)

    assert (job.samples, job.epochs) == (1_281_167, 90)


def test_pretraining_takes_twenty_tokens_a_parameter():
    job = complete(Workload(task="pretrain", domain="text"), model=LLAMA, assume_data=True)

    assert job.tokens == pytest.approx(20 * LLAMA.parameters, rel=0.01)
    assert job.epochs == 1


def test_text_in_gigabytes_becomes_tokens():
    workload = Workload.model_validate({"task": "pretrain", "domain": "text", "dataset": {"size_gb": 40}})

    job = complete(workload, model=LLAMA)

    assert job.tokens == pytest.approx(10e9)
    assert assumed(job, "dataset.tokens") == 10_000_000_000


def test_a_table_in_gigabytes_becomes_rows():
    workload = Workload.model_validate({"task": "classical", "dataset": {"size_gb": 100}})

    job = complete(workload, model=AlgorithmSpec("xgboost", "gbdt", "yes"))

    assert job.rows * job.columns * 8 == pytest.approx(100e9)


def test_steps_are_one_amount_of_work_when_systems_are_compared():
    workload = Workload(task="train", domain="vision", batch_size=32, steps=1000)

    compared = complete(workload, model=RESNET50, assume_data=True)
    estimated = complete(workload, model=RESNET50)

    assert (compared.samples, compared.epochs, compared.steps) == (32_000, 1.0, None)
    assert assumed(compared, "epochs") is None
    assert estimated.steps == 1000
