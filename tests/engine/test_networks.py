import math
from dataclasses import replace

import numpy as np
import pytest

from app.engine import network_speed, networks
from app.engine.coefficients_networks import NETWORKS
from app.engine.estimate import estimate as engine_estimate
from app.engine.hardware import PeakRates
from app.engine.network_work import network_work
from tests.engine.jobs import CPU, EVERY_KIND, H100, M2_ULTRA, RTX_4090, T4, make_accelerator, make_spec, make_systems
from tests.engine.network_jobs import (
    ALPHAFOLD,
    ALPHAFOLD_3,
    ARC,
    DENSENET,
    GAN,
    GNN,
    JETSON,
    LSTM,
    MOBILENET,
    MYSTERY,
    NCF,
    NNUNET,
    POLICY,
    RESNET50,
    RTX_3090,
    SEGMENTER,
    V100,
    VGG16,
    VIT_B,
    XEON,
    YOLO,
    network_job,
    samples_per_s,
)

EVERYTHING = (*EVERY_KIND, V100, RTX_3090, JETSON, ARC, XEON)
INFERENCE = {"task": "inference", "precision": "fp16"}
KINDS_OF_WORK = [
    (RESNET50, {}),
    (RESNET50, {"method": "frozen"}),
    (RESNET50, {**INFERENCE, "precision": "int8", "framework": "tensorrt"}),
    (VIT_B, {"method": "lora"}),
    (VIT_B, {**INFERENCE, "compiled": True}),
    (MOBILENET, {**INFERENCE, "framework": "onnxruntime"}),
    (YOLO, {"domain": "detection", "framework": "tensorflow"}),
    (SEGMENTER, {"domain": "segmentation", "framework": "jax"}),
    (NNUNET, {"domain": "medical_3d", "image_size": 128, "depth": 128, "batch_size": 2}),
    (GAN, {"domain": "image_generation", "image_size": 512, "batch_size": 8}),
    (NCF, {"domain": "recommendation", "batch_size": 65_536}),
    (POLICY, {"domain": "rl", "batch_size": 2048}),
    (LSTM, {"domain": "timeseries", "sequence_length": 100}),
    (GNN, {"domain": "graph", "batch_size": 1024}),
    (ALPHAFOLD, {"domain": "science", **INFERENCE}),
    (ALPHAFOLD, {"domain": "science", "batch_size": 1}),
]


def estimate(spec, *devices, count=1, nodes=1, **workload):
    return networks.physics(network_job(spec, **workload), make_systems(*devices, count=count, nodes=nodes))


def rate(spec, device, **workload):
    return samples_per_s(estimate(spec, device, **workload))[0]


def gib(spec, **workload):
    return float(estimate(spec, make_accelerator(), **workload).footprint.total_bytes[0]) / 2**30


@pytest.mark.parametrize(("spec", "workload"), KINDS_OF_WORK)
def test_every_kind_of_device_gets_a_positive_speed_and_memory(spec, workload):
    physics = estimate(spec, *EVERYTHING, **workload)

    assert all(math.isfinite(value) and value > 0 for value in samples_per_s(physics))
    assert np.all(np.isfinite(physics.footprint.total_bytes))
    assert len(physics.pace.bound_by) == len(EVERYTHING)


@pytest.mark.parametrize(("spec", "workload"), KINDS_OF_WORK)
def test_a_column_of_devices_gives_what_each_device_gives_alone(spec, workload):
    together = samples_per_s(estimate(spec, *EVERYTHING, **workload))
    alone = [rate(spec, device, **workload) for device in EVERYTHING]

    assert together == pytest.approx(alone)


@pytest.mark.parametrize("spec", [RESNET50, VIT_B, MOBILENET])
def test_more_peak_and_more_bandwidth_never_slow_a_network_down(spec):
    base = make_accelerator()
    faster = replace(base, memory_bandwidth_bytes_per_s=2 * base.memory_bandwidth_bytes_per_s)
    stronger = replace(base, peak=replace(base.peak, fp16=2 * base.peak.fp16))
    speeds = samples_per_s(estimate(spec, base, faster, stronger, **INFERENCE, batch_size=256))

    assert speeds[1] > speeds[0]
    assert speeds[2] > speeds[0]


def test_a_device_without_any_known_peak_has_no_speed():
    unknown = replace(
        make_accelerator(), peak=replace(make_accelerator().peak, fp32=None, tf32=None, fp16=None, bf16=None)
    )

    assert math.isnan(rate(RESNET50, unknown))


def test_training_takes_about_three_times_as_long_as_running():
    ratio = rate(RESNET50, RTX_3090, **INFERENCE, batch_size=256) / rate(RESNET50, RTX_3090, batch_size=256)

    assert 2.5 < ratio < 3.8


def test_small_batches_are_bound_by_launches():
    small = estimate(RESNET50, H100, **INFERENCE, batch_size=1)

    assert small.pace.bound_by == ("overhead",)
    assert samples_per_s(small)[0] < rate(RESNET50, H100, **INFERENCE, batch_size=256) / 10


@pytest.mark.parametrize("better", [{"channels_last": True}, {"compiled": True}, {"framework": "tensorrt"}])
def test_layout_compilation_and_a_runtime_make_it_faster(better):
    plain = {**INFERENCE, "batch_size": 64, "channels_last": False}

    assert rate(RESNET50, RTX_4090, **{**plain, **better}) > rate(RESNET50, RTX_4090, **plain)


def test_fp32_convolutions_run_in_tf32_on_ampere_but_matrix_products_do_not():
    ampere = make_accelerator()
    without = replace(ampere, peak=replace(ampere.peak, tf32=None))
    fp32 = {"task": "inference", "precision": "fp32", "batch_size": 256}

    assert rate(RESNET50, ampere, **fp32) > rate(RESNET50, without, **fp32)
    assert rate(VIT_B, ampere, **fp32) == pytest.approx(rate(VIT_B, without, **fp32))


def test_fewer_threads_slow_a_cpu_and_nothing_else():
    job = network_job(RESNET50, **INFERENCE, batch_size=1)
    cpu = replace(CPU, compute_units=24.0)
    systems = make_systems(cpu, RTX_4090)
    limited = replace(systems, threads=np.array([4.0, 4.0]))
    free, bound = samples_per_s(networks.physics(job, systems)), samples_per_s(networks.physics(job, limited))
    untold = samples_per_s(networks.physics(job, replace(systems, threads=np.empty(0))))

    assert bound[0] < free[0]
    assert bound[1] == free[1]
    assert untold == free


def test_replicas_add_up_less_than_proportionally():
    one, eight = rate(VGG16, RTX_4090), samples_per_s(estimate(VGG16, RTX_4090, count=8))[0]

    assert 2 * one < eight < 8 * one


def test_machines_on_an_office_network_wait_for_gradients():
    physics = estimate(VGG16, RTX_4090, count=8, nodes=4, batch_size=16)

    assert physics.pace.bound_by == ("communication",)
    assert physics.pace.communication_share[0] > 0.3


def test_accumulating_gradients_spares_the_exchange():
    several = {"count": 8, "nodes": 4, "batch_size": 16}
    rare = samples_per_s(estimate(VGG16, RTX_4090, **several, gradient_accumulation=8))[0]

    assert rare > samples_per_s(estimate(VGG16, RTX_4090, **several))[0]


def test_a_whole_run_over_files_is_bound_by_decoding_where_the_network_is_small():
    dataset = {"samples": 1_281_167}
    run = estimate(MOBILENET, RTX_4090, dataset=dataset, batch_size=512)

    assert run.pace.bound_by == ("data",)
    assert samples_per_s(run)[0] < rate(MOBILENET, RTX_4090, batch_size=512)


@pytest.mark.parametrize(("spec", "domain"), [(RESNET50, "vision"), (VIT_B, "vision"), (SEGMENTER, "segmentation")])
def test_memory_grows_with_the_batch_and_the_picture(spec, domain):
    base = gib(spec, domain=domain, batch_size=8, image_size=224)

    assert gib(spec, domain=domain, batch_size=16, image_size=224) > base
    assert gib(spec, domain=domain, batch_size=8, image_size=448) > gib(
        spec, domain=domain, batch_size=16, image_size=224
    )


def test_doubling_the_side_quadruples_the_operations():
    small, large = (network_work(network_job(image_size=size), RESNET50) for size in (224, 448))

    assert large.macs == pytest.approx(4 * small.macs)
    assert large.activations == pytest.approx(4 * small.activations)


def test_volumes_scale_with_their_depth():
    cube = network_job(NNUNET, domain="medical_3d", image_size=128, depth=64)

    assert network_work(cube, NNUNET).macs == pytest.approx(NNUNET.macs_per_sample / 2)


def test_mixed_precision_needs_less_memory_than_fp32():
    assert gib(RESNET50) < gib(RESNET50, precision="fp32") < 2 * gib(RESNET50)


@pytest.mark.parametrize(
    "saving", [{"gradient_checkpointing": True}, {"method": "frozen"}, {"method": "lora"}, {"optimizer": "sgd"}]
)
def test_checkpoints_frozen_layers_and_plain_sgd_save_memory(saving):
    assert gib(VIT_B, **saving) < gib(VIT_B)


def test_running_needs_far_less_memory_than_training():
    assert gib(RESNET50, **INFERENCE) < gib(RESNET50) / 2


def test_replicas_keep_a_second_copy_of_the_gradients():
    one = estimate(RESNET50, make_accelerator()).footprint.total_bytes[0]
    two = estimate(RESNET50, make_accelerator(), count=2).footprint.total_bytes[0]

    lost = NETWORKS.value("allocator_growth")
    assert two - one == pytest.approx(4 * RESNET50.parameters * (1 + lost))


def test_a_batch_that_was_measured_to_fit_an_a100_fits():
    assert gib(RESNET50, batch_size=1280) < 79.2
    assert gib(RESNET50, batch_size=1280) > 40


def test_dense_connections_keep_more_and_plain_layers_less_than_residual_ones():
    kept = [
        gib(spec, batch_size=64, optimizer="sgd") / spec.activations_per_sample for spec in (VGG16, RESNET50, DENSENET)
    ]
    work = [network_work(network_job(spec), spec).copies for spec in (VGG16, RESNET50, DENSENET)]

    assert kept[2] > kept[1]
    assert work == ["retained_plain", None, "retained_dense"]


def test_counts_nobody_published_are_inferred_and_said():
    physics = estimate(GAN, make_accelerator(), domain="image_generation", image_size=1024, batch_size=4)

    assert "operations and activations" in physics.warnings[0]
    assert physics.notes["inferred_counts"] == 2
    assert 5 < physics.footprint.total_bytes[0] / 2**30 < 11


def test_only_activations_missing_is_said_too():
    unknown = replace(YOLO, activations_per_sample=None)

    assert "activations" in estimate(unknown, make_accelerator(), domain="detection").warnings[0]


def test_a_network_without_operations_has_memory_but_no_speed():
    physics = estimate(MYSTERY, make_accelerator())

    assert physics.pace is None
    assert physics.footprint.total_bytes[0] > 4 * MYSTERY.parameters
    assert len(physics.warnings) == 2


def test_agents_are_bound_by_their_environments():
    vector = estimate(POLICY, RTX_4090, domain="rl", batch_size=2048)
    pixels = estimate(POLICY, RTX_4090, domain="rl", batch_size=2048, observations="pixels")

    assert vector.pace.bound_by == pixels.pace.bound_by == ("data",)
    assert samples_per_s(pixels)[0] < samples_per_s(vector)[0]


def test_thousands_of_environments_are_simulated_on_the_card_as_isaac_lab_publishes():
    """82,000 to 510,000 steps a second of 4,096 environments: https://isaac-sim.github.io/IsaacLab, on an RTX 4090."""
    on_card = samples_per_s(estimate(POLICY, RTX_4090, domain="rl", batch_size=4096))[0]

    assert 82e3 < on_card < 510e3
    assert samples_per_s(estimate(POLICY, XEON, domain="rl", batch_size=4096))[0] < on_card / 5


def test_agents_on_a_cpu_use_its_cores_and_no_more_than_its_threads():
    job = network_job(POLICY, domain="rl", batch_size=2048)
    systems = make_systems(XEON)
    few = samples_per_s(networks.physics(job, replace(systems, threads=np.array([2.0]))))[0]
    untold = samples_per_s(networks.physics(job, replace(systems, threads=np.empty(0))))[0]

    assert few < samples_per_s(networks.physics(job, systems))[0] == untold


def test_agents_use_a_share_of_the_peak_that_they_learn_at():
    huge = replace(POLICY, parameters=1e12, macs_per_sample=1e12)
    learning = network_job(huge, domain="rl", batch_size=2048, precision="bf16")

    utilization = engine_estimate(learning, make_systems(H100, RTX_4090)).model_flops_utilization

    assert np.all((utilization > 0.1) & (utilization < 1))


def test_folding_uses_a_share_of_the_peak_of_sixteen_bits():
    job = network_job(ALPHAFOLD_3, domain="science", **INFERENCE)

    utilization = engine_estimate(job, make_systems(*EVERYTHING)).model_flops_utilization

    assert np.nanmax(utilization) < 0.5


def test_folding_a_longer_protein_takes_the_square_in_memory_and_the_cube_in_time():
    short, long = (
        estimate(ALPHAFOLD, make_accelerator(), domain="science", **INFERENCE, sequence_length=length)
        for length in (1000, 2000)
    )
    activations = [physics.footprint.parts[1].bytes[0] for physics in (short, long)]

    assert activations[1] == pytest.approx(4 * activations[0])
    assert 4 < samples_per_s(short)[0] / samples_per_s(long)[0] < 8
    assert "search for related sequences" in short.warnings[0]


@pytest.mark.parametrize(("tokens", "published_s"), [(1024, 62.0), (2048, 275.0), (5120, 2547.0)])
def test_fused_kernels_fold_as_many_tokens_as_published_in_80_gb(tokens, published_s):
    """https://github.com/google-deepmind/alphafold3, docs/performance.md: one A100 without compilation."""
    physics = estimate(ALPHAFOLD_3, make_accelerator(), domain="science", **INFERENCE, sequence_length=tokens)

    assert samples_per_s(physics)[0] == pytest.approx(1 / published_s, rel=0.4)
    assert physics.footprint.total_bytes[0] < 75 * 2**30


@pytest.mark.parametrize(("length", "published_s"), [(256, 36.0), (384, 66.0), (2500, 7560.0)])
def test_folding_takes_what_the_paper_measured_on_a_v100(length, published_s):
    """doi:10.1038/s41586-021-03819-2, Methods; 2,500 residues with memory of the host, which is slower."""
    physics = estimate(ALPHAFOLD, V100, domain="science", **INFERENCE, sequence_length=length)
    taken_s = 1 / samples_per_s(physics)[0]

    assert published_s * 0.4 < taken_s < published_s * 1.1
    if length < 1000:
        assert taken_s == pytest.approx(published_s, rel=0.1)


def test_folding_1300_residues_fits_sixteen_gigabytes():
    fp32 = {"task": "inference", "precision": "fp32", "domain": "science"}

    assert 12 < gib(ALPHAFOLD, **fp32, sequence_length=1300) < 22


def test_an_old_card_is_slower_than_a_new_one_and_a_cpu_slowest():
    speeds = [rate(RESNET50, device, batch_size=64) for device in (H100, RTX_4090, T4, M2_ULTRA, CPU)]

    assert speeds[0] > speeds[1] > speeds[2] > speeds[4]
    assert speeds[1] > speeds[3] > speeds[4]


def test_a_transformer_is_refused_by_name():
    with pytest.raises(TypeError, match="NetworkSpec"):
        networks.physics(network_job(make_spec()), make_systems())


def test_an_estimate_on_inferred_counts_is_graded_estimated():
    job, systems = network_job(GAN, domain="image_generation", image_size=512, batch_size=8), make_systems()

    assert engine_estimate(job, systems).evidence == "estimated"


def test_nnunet_fills_the_eight_gigabytes_it_is_planned_for():
    volume = {"domain": "medical_3d", "image_size": 128, "depth": 128, "batch_size": 2, "optimizer": "sgd_momentum"}

    assert 6.5 < gib(NNUNET, **volume) < 8.5


def test_a_card_of_little_power_does_not_hold_the_rate_it_prints():
    printed = {"peak": PeakRates(fp32=8.1e12, fp16=65e12), "memory_bandwidth_bytes_per_s": 320e9}
    weak, strong = (
        estimate(RESNET50, make_accelerator(tdp_w=power, architecture="Turing", **printed), precision="fp32")
        for power in (70.0, 280.0)
    )

    rates = [found.pace.units_per_step[0] / found.pace.step_s[0] for found in (weak, strong)]
    assert 1.1 < rates[1] / rates[0] < 1.6


def test_rows_that_nobody_looks_up_cost_no_time():
    small, large = replace(NCF, parameters=1e8), replace(NCF, parameters=4e9)
    work = {"domain": "recommendation", "batch_size": 65_536, "precision": "fp32"}

    def pace(spec, **more):
        return float(samples_per_s(networks.physics(network_job(spec, **work, **more), make_systems(H100)))[0])

    assert pace(large, task="inference") == pytest.approx(pace(small, task="inference"))
    assert pace(large, optimizer="sgd") == pytest.approx(pace(small, optimizer="sgd"))
    assert pace(large, optimizer="adam") < pace(small, optimizer="adam")


def test_sessions_sort_the_boxes_of_every_place_of_a_picture():
    def apart_s(spec, **workload):
        job = network_job(spec, **{**INFERENCE, "framework": "tensorflow", "batch_size": 8, **workload})
        return network_speed.selection_s(job, make_systems(V100), work=network_work(job, spec))[0]

    small, large = (apart_s(YOLO, domain="detection", image_size=size) for size in (320, 640))

    assert large == pytest.approx(4 * small)
    assert 0.01 < large < 0.3
    assert apart_s(RESNET50) == 0
