"""Which coefficient tells what layers keep."""

from dataclasses import replace

import pytest

from app.engine.network_copies import copies_of
from app.engine.network_memory import HELD_BY_DETECTORS
from tests.engine.network_jobs import YOLO, network_job


@pytest.mark.parametrize(
    ("family", "size", "batch", "copies"),
    [
        ("yolo", (640, 640), 16, "retained_trained_detector"),
        ("", (640, 640), 16, "retained_trained_detector_moved"),
        ("", (640, 640), 2, "retained_detector"),
        ("", (800, 1333), 16, "retained_detector"),
    ],
)
def test_normalisation_of_a_detector_is_trained_on_squares_unless_they_are_few(family, size, batch, copies):
    spec = replace(YOLO, family=family)
    job = network_job(spec, domain="detection", image_size=list(size), batch_size=batch)

    assert copies_of(job, spec, size=size, beyond=1.0) == copies
    assert copies in HELD_BY_DETECTORS


def test_a_detector_that_runs_keeps_what_a_residual_net_keeps():
    job = network_job(YOLO, task="inference", domain="detection", image_size=640)

    assert copies_of(job, YOLO, size=(640, 640), beyond=1.0) is None
