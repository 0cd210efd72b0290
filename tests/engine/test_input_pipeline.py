import numpy as np
import pytest

from app.engine.estimate import estimate
from app.engine.input_pipeline import input_rate, input_samples_per_s, stored_bytes, stored_pixels
from tests.engine.jobs import H100, RTX_4090, make_job, make_systems
from tests.engine.network_jobs import RESNET50, YOLO

TRAINING = {"task": "train", "domain": "vision", "precision": "amp", "framework": "pytorch", "batch_size": 256}
FILES = {"dataset": {"samples": 1_281_167}}


def rate(device=RTX_4090, *, count=1, **workload):
    return input_rate(make_job(RESNET50, **TRAINING | FILES | workload), make_systems(device, count=count))


def test_more_cores_decode_more_and_every_device_brings_its_own():
    one, four = (rate(count=count) for count in (1, 4))

    assert four.cpu_cores[0] == 4 * one.cpu_cores[0]
    assert four.samples_per_s[0] == pytest.approx(4 * one.samples_per_s[0])


def test_larger_pictures_are_decoded_more_slowly():
    usual, large = (rate(image_size=size) for size in (224, 1024))

    assert large.samples_per_s[0] < usual.samples_per_s[0]


def test_a_small_crop_is_cut_from_a_whole_picture():
    small, usual = (stored_pixels(make_job(RESNET50, **TRAINING, image_size=size)) for size in (64, 224))

    assert small == usual


def test_pictures_of_a_few_pixels_are_arrays_that_cost_their_handling_alone():
    tiny, usual = (rate(image_size=size) for size in (32, 224))

    assert 20 < tiny.samples_per_s[0] / usual.samples_per_s[0] < 200


def test_large_files_are_bound_by_the_disk():
    told = rate(H100, count=8, dataset={"samples": 1e6, "size_gb": 20_000})

    assert told.disk_bound[0]
    assert told.samples_per_s[0] < rate(H100, count=8).samples_per_s[0]
    assert not rate(H100, count=8).disk_bound[0]


def test_the_size_of_a_file_is_that_of_the_data_set_where_it_is_known():
    known = make_job(RESNET50, **TRAINING, dataset={"samples": 1e6, "size_gb": 100})

    assert stored_bytes(known) == pytest.approx(1e5)
    assert 5e4 < stored_bytes(make_job(RESNET50, **TRAINING | FILES)) < 2e5  # 110 KB for ImageNet


def test_the_step_is_bound_by_the_slower_of_data_and_device():
    small = make_job(RESNET50, **TRAINING | FILES, image_size=64)
    systems = make_systems(H100)
    pace = estimate(small, systems).pace
    fed = float(input_samples_per_s(small, systems)[0])
    able = float(pace.units_per_step[0] / pace.unfed_step_s[0])
    reached = float(pace.units_per_step[0] / pace.step_s[0])

    assert fed < able
    assert 0.5 * fed < reached <= fed
    assert pace.bound_by == ("data",)


def test_a_slow_device_is_not_held_up():
    pace = estimate(make_job(RESNET50, **TRAINING | FILES, image_size=512), make_systems(RTX_4090)).pace

    assert pace.step_s[0] < 1.3 * pace.unfed_step_s[0]
    assert pace.bound_by != ("data",)


@pytest.mark.parametrize(
    "other", [{"task": "inference"}, {"framework": "mxnet"}], ids=["inference", "prepared records"]
)
def test_nothing_is_fed_where_no_files_are_decoded(other):
    job = make_job(RESNET50, **TRAINING | FILES | other)

    assert input_rate(job, make_systems(RTX_4090)) is None
    assert estimate(job, make_systems(RTX_4090)).pace.unfed_step_s is None


def test_an_answer_says_what_feeds_the_step(client):
    question = {
        "workload": {"task": "train", "domain": "vision", "model": {"name": "resnet18"}, "dataset": {"name": "imagenet-1k"}},
        "hardware": {"accelerator": "H100 SXM"},
    }  # fmt: skip

    told = client.post("/estimate", json=question).json()["input_pipeline"]

    assert told["limits"] == (told["samples_per_s"] < told["device_samples_per_s"])
    assert "processor cores decode" in told["text"]
    assert np.isfinite(told["cpu_cores"])


def hours_of_boxes(count=1, **workload):
    fields = TRAINING | {"domain": "detection", "dataset": {"samples": 118_287}, "epochs": 300, "image_size": 640}
    answer = estimate(make_job(YOLO, **fields | workload), make_systems(RTX_4090, count=count))
    return float(answer.duration_s.expected[0]) / 3600


def test_joined_pictures_are_read_by_as_many_processes_as_loaders_start():
    boxes = TRAINING | FILES | {"domain": "detection"}
    joined, alone = (
        input_rate(make_job(YOLO, **boxes, image_size=size), make_systems(H100)) for size in (640, (640, 1066))
    )

    assert joined.cpu_cores[0] == 8 < alone.cpu_cores[0]
    assert joined.samples_per_s[0] < alone.samples_per_s[0] / 4


@pytest.mark.parametrize(
    "other",
    [{"channels_last": True}, {"framework": "tensorflow"}, {"image_size": 300}],
    ids=["tuned as large runs are", "another program", "pictures of SSD"],
)
def test_pictures_are_not_joined_elsewhere(other):
    boxes = TRAINING | FILES | {"domain": "detection", "image_size": 640}
    joined, alone = (
        input_rate(make_job(YOLO, **boxes | more), make_systems(H100)).samples_per_s[0] for more in ({}, other)
    )

    assert joined < alone


def test_devices_wait_while_boxes_are_scored_between_epochs():
    """YOLOv8m takes days for 300 epochs of COCO on one card, and all devices wait for the boxes to be scored."""
    one, eight = hours_of_boxes(), hours_of_boxes(8)

    assert 48 < one < 240
    assert one / 8 < eight < one / 4
