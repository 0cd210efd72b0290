"""Names in a workload become what the catalogue knows of them."""

import pytest

from app.contract.resolving import changed_job, job_of
from app.engine.workload import ModelChoice, Workload
from app.errors import Unprocessable
from app.languages import say_finished, speaking


@pytest.mark.parametrize(
    ("name", "task", "work_class"),
    [
        ("resnet-50", "train", "vision_train"),
        ("whisper-large-v3", "inference", "audio"),
        ("yolov8m", "train", "detection_train"),
        ("llama-3.1-8b", "inference", "llm_serving"),
    ],
)
def test_a_named_model_tells_what_it_works_on(client, name, task, work_class):
    catalogue = client.app.state.catalogue.current()

    job = job_of(catalogue, Workload(task=task, model=ModelChoice(name=name)), assume_data=True)

    assert job.work_class == work_class
    assert [each.why for each in job.assumptions if each.field == "domain"] == ["what the named model works on"]


def test_a_stated_domain_is_kept(client):
    catalogue = client.app.state.catalogue.current()
    asked = Workload(task="train", domain="medical_3d", model=ModelChoice(name="resnet-50"))

    assert job_of(catalogue, asked, assume_data=True).workload.domain == "medical_3d"


def test_an_unknown_model_with_like_named_ones_may_be_told_by_its_size(client):
    asked = Workload(task="inference", domain="audio", model=ModelChoice(name="audiogen-medium"))

    with pytest.raises(Unprocessable) as caught:
        job_of(client.app.state.catalogue.current(), asked, assume_data=True)
    (problem,) = caught.value.problems

    assert problem.suggestions
    assert problem.detail.endswith("or give its size as model.parameters")
    with speaking("de"):
        assert say_finished(problem.detail).endswith("oder geben Sie die Größe als model.parameters an")


def test_a_neighbouring_question_about_a_model_that_was_retired_is_left_out(client):
    catalogue, asked = client.app.state.catalogue.current(), Workload(task="inference", domain="image_generation")

    assert changed_job(catalogue, asked, changes={"model": {"name": "sd-1.5"}}) is not None
    assert changed_job(catalogue, asked, changes={"model": {"name": "a model of yesterday"}}) is None
