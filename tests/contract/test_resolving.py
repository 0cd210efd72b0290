"""Names in a workload become what the catalogue knows of them."""

import pytest

from app.contract.resolving import job_of
from app.engine.workload import ModelChoice, Workload


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
