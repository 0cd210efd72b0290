"""What a request says about tuning, and what follows from the data sheet: fused runs, classes per pixel, matrix units."""

from dataclasses import replace

import pytest

from app.engine import networks
from app.engine.hardware import Devices
from app.engine.network_math import math_rate, operand_supply
from app.engine.network_memory import output_classes
from app.engine.network_speed import compiled_passes, volume_share
from app.engine.network_work import network_work
from tests.engine.jobs import H100, T4, make_accelerator, make_systems
from tests.engine.network_jobs import (
    DENSENET,
    MOBILENET,
    NNUNET,
    RESNET50,
    RTX_3090,
    SEGMENTER,
    V100,
    VIT_B,
    XEON,
    YOLO,
    network_job,
    samples_per_s,
)


def step_s(spec, *, count=1, **workload):
    systems = make_systems(make_accelerator(), count=count)
    return float(networks.physics(network_job(spec, **workload), systems).pace.step_s[0])


def test_a_tuned_recipe_with_few_pictures_does_not_wait_for_launches_on_one_device_or_many():
    small = {"batch_size": 1, "domain": "detection", "image_size": 640}

    for count in (1, 8):
        assert step_s(YOLO, count=count, **small) < 0.5 * step_s(YOLO, count=count, channels_last=False, **small)


def test_volumes_in_the_layout_they_come_in_leave_wide_matrix_units_idler():
    job = network_job(NNUNET, domain="medical_3d", batch_size=2, channels_last=False)
    tuned = network_job(NNUNET, domain="medical_3d", batch_size=2)
    systems = make_systems(V100), make_systems(H100)

    old, new = (float(volume_share(job, each, work=network_work(job, NNUNET))[0]) for each in systems)
    assert new < old < volume_share(tuned, systems[0], work=network_work(tuned, NNUNET))


def test_a_thin_network_known_not_to_scale_its_maps_moves_less_than_one_that_does_or_of_which_nothing_is_known():
    many = {"task": "inference", "batch_size": 1024}
    scaling, unknown = (replace(MOBILENET, **change) for change in ({"joins_maps": True}, {"depth": None}))

    assert 1.1 < step_s(scaling, **many) / step_s(MOBILENET, **many) < 1.35
    assert step_s(scaling, **many) == pytest.approx(step_s(unknown, **many), rel=0.05)


def test_no_kernel_holds_a_convolution_and_a_normalisation_over_channels():
    tuned = {"task": "inference", "framework": "tensorrt", "batch_size": 64}

    assert step_s(replace(RESNET50, dense_1x1=True), **tuned) > 1.2 * step_s(RESNET50, **tuned)


def test_compilers_spare_dense_layers_a_pass_that_thin_ones_take():
    def passes(spec, **workload):
        job = network_job(spec, task="inference", **workload)
        return compiled_passes(job, make_systems(RTX_3090), work=network_work(job, spec))[0]

    assert passes(RESNET50, compiled=True) < 0.8
    assert passes(MOBILENET, compiled=True) > 0.95
    assert passes(VIT_B, compiled=True) == passes(RESNET50) == 1


def test_a_normalisation_before_a_convolution_is_a_kernel_of_its_own_in_runtimes_too():
    tuned = {"task": "inference", "framework": "tensorrt", "batch_size": 1}
    per_layer_s = [step_s(spec, **tuned) / spec.depth for spec in (RESNET50, DENSENET)]

    assert per_layer_s[1] > 1.3 * per_layer_s[0]


def test_transformers_carry_sixteen_bits_between_products_of_eight():
    def carried_bytes(spec):
        job = network_job(spec, task="inference", framework="tensorrt", precision="int8")
        return math_rate(job, make_systems().devices, work=network_work(job, spec)).bytes_per_element[0]

    assert carried_bytes(RESNET50) == 1
    assert carried_bytes(VIT_B) == 2


def test_autocast_launches_more_kernels_than_one_precision():
    tiny = {"task": "inference", "batch_size": 1}

    assert step_s(RESNET50, precision="amp", **tiny) > 1.2 * step_s(RESNET50, precision="bf16", **tiny)


def test_matrix_units_far_above_the_rest_of_a_processor_reach_less_of_their_peak():
    devices = Devices((RTX_3090, V100, H100))

    supply = operand_supply(devices.peak_flops_per_s("fp16"), devices)

    assert supply[0] > supply[1] > supply[2]
    assert supply[0] / supply[1] == pytest.approx((125 / 15.7 / (71 / 35.6)) ** 0.5)


def test_a_card_without_a_vector_rate_is_taken_at_the_reference():
    unknown = make_accelerator(peak=type(V100.peak)(fp16=100e12))

    assert operand_supply(Devices((unknown,)).peak_flops_per_s("fp16"), Devices((unknown,)))[0] == 1.0


@pytest.mark.parametrize(
    ("asked", "classes"),
    [
        ({"dataset": {"name": "cityscapes"}}, 19),
        ({"dataset": {"name": "ade20k"}, "image_size": [512, 1024]}, 150),
        ({"image_size": [512, 1024]}, 19),
        ({"image_size": 769}, 19),
        ({"image_size": 512}, 150),
    ],
)
def test_classes_follow_from_the_data_set_or_the_shape_of_the_picture(asked, classes):
    assert output_classes(network_job(SEGMENTER, domain="segmentation", **asked)) == classes


def test_scores_of_many_classes_weigh_on_memory():
    def gib(name):
        job = network_job(SEGMENTER, domain="segmentation", image_size=512, batch_size=4, dataset={"name": name})
        return networks.physics(job, make_systems(make_accelerator())).footprint.total_bytes[0] / 2**30

    assert gib("ade20k") - gib("cityscapes") == pytest.approx(2.7, rel=0.15)


def test_convolutions_over_volumes_are_slower_per_operation():
    job = network_job(NNUNET, domain="medical_3d", image_size=128, depth=128, batch_size=2)
    systems = make_systems(make_accelerator())
    per_s = samples_per_s(networks.physics(job, systems))[0] * 6 * NNUNET.macs_per_sample

    assert 0.05 < per_s / systems.devices.peak_flops_per_s("fp16")[0] < 0.35


@pytest.mark.parametrize(
    ("device", "published"),
    [(make_accelerator(), 38_500), (H100, 85_000), (T4, 6_100)],
)
def test_tensorrt_runs_resnet_50_in_8_bits_about_as_fast_as_mlperf_submissions(device, published):
    """MLPerf Inference v3.1, closed, offline: github.com/mlcommons/inference_results_v3.1."""
    job = network_job(RESNET50, task="inference", precision="int8", framework="tensorrt", batch_size=256)

    assert samples_per_s(networks.physics(job, make_systems(device)))[0] == pytest.approx(published, rel=0.25)


def test_only_runtimes_that_quantise_layers_multiply_in_8_bits():
    def per_s(framework):
        job = network_job(RESNET50, task="inference", precision="int8", framework=framework, batch_size=256)
        return samples_per_s(networks.physics(job, make_systems(T4)))[0]

    assert per_s("tensorrt") > per_s("onnxruntime") > per_s("pytorch")


def test_training_a_yolo_takes_what_its_logs_show():
    """YOLOv8m, 640 pixels, batch 16: about 7 to 8 GB reserved; the allocator holds a sixth of that in reserve."""
    job = network_job(YOLO, domain="detection", image_size=640, batch_size=16)
    gib = networks.physics(job, make_systems(make_accelerator())).footprint.total_bytes[0] / 2**30

    assert 5.0 < gib < 8.0


def test_tensorrt_leaves_a_detector_more_kernels_than_a_classifier_of_as_many_layers():
    tiny = {"task": "inference", "batch_size": 1, "framework": "tensorrt", "precision": "fp16"}
    detector = step_s(YOLO, domain="detection", image_size=64, **tiny)
    plain = step_s(replace(YOLO, architecture="other"), domain="detection", image_size=64, **tiny)

    assert detector > 1.5 * plain


@pytest.mark.parametrize(("pictures", "published"), [(16, 12_013), (256, 15_445)])
def test_compilers_of_finished_networks_tune_convolutions_as_tensorrt_does(pictures, published):
    """AITemplate on an A100: github.com/facebookincubator/AITemplate, examples/01_resnet-50."""
    ahead = {"task": "inference", "framework": "other", "precision": "fp16", "batch_size": pictures}
    job = network_job(RESNET50, **ahead, compiled=True)
    tuned = samples_per_s(networks.physics(job, make_systems(make_accelerator())))[0]

    assert tuned == pytest.approx(published, rel=0.2)
    assert tuned == samples_per_s(
        networks.physics(network_job(RESNET50, **{**ahead, "framework": "tensorrt"}), make_systems(make_accelerator()))
    )


def test_an_8_bit_network_that_pytorch_compiles_runs_as_other_compilers_for_processors_run_it():
    asked = {"task": "inference", "precision": "int8", "batch_size": 64}
    eager, compiled, ahead = (
        samples_per_s(networks.physics(network_job(RESNET50, **asked, **how), make_systems(XEON)))[0]
        for how in (
            {"framework": "pytorch"},
            {"framework": "pytorch", "compiled": True},
            {"framework": "other", "compiled": True},
        )
    )

    assert eager < compiled == ahead


def test_pyramids_that_add_maps_lose_nothing_to_concatenations():
    asked = {"task": "inference", "framework": "tensorrt", "precision": "fp16", "domain": "detection", "batch_size": 8}
    added = replace(YOLO, family="retinanet")

    assert step_s(added, image_size=640, **asked) < step_s(YOLO, image_size=640, **asked)


def test_tensorrt_never_runs_a_detector_faster_in_more_bits():
    told = {"task": "inference", "framework": "tensorrt", "domain": "detection", "image_size": 640, "batch_size": 8}
    wide, narrow = (
        samples_per_s(networks.physics(network_job(YOLO, **told, precision=precision), make_systems(RTX_3090)))[0]
        for precision in ("fp32", "fp16")
    )

    assert wide < narrow
