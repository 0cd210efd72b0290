"""What the catalogue and counts tell of layers, and what follows for speed."""

from dataclasses import replace

import pytest

from app.engine import networks
from app.engine.model_spec import NetworkSpec
from app.engine.network_structure import dense_square_share, how_tokens_meet
from app.engine.network_work import network_work
from tests.engine.jobs import make_accelerator, make_systems
from tests.engine.network_jobs import MOBILENET, RESNET50, V100, VGG16, VIT_B, network_job, samples_per_s

SWIN_S = NetworkSpec("swin-small", "vit", "swin", 49_606_258, 8.77e9, 27.47e6, (224, 224), 24, "windows")
MIXER_B = NetworkSpec("mixer-b16", "vit", "mixer", 59_880_472, 12.62e9, 14.53e6, (224, 224), 12, "mixed")


def per_s(spec, device=None, **workload):
    job = network_job(spec, task="inference", batch_size=256, **workload)
    return float(samples_per_s(networks.physics(job, make_systems(device or make_accelerator())))[0])


def test_dense_convolutions_are_as_many_as_the_catalogue_says_and_the_usual_many_elsewhere():
    assert dense_square_share(replace(VGG16, architecture="segmenter")) == 0
    assert dense_square_share(replace(RESNET50, family="new")) == dense_square_share(RESNET50) == 0.45
    assert 0 < dense_square_share(replace(RESNET50, dense_3x3_share=None)) < dense_square_share(RESNET50)


def test_dense_convolutions_save_products_on_vector_units_only():
    grouped = replace(VGG16, dense_3x3_share=0)

    assert per_s(VGG16, V100, precision="fp32") > 1.3 * per_s(grouped, V100, precision="fp32")
    assert per_s(replace(RESNET50, dense_3x3_share=0), precision="bf16") == per_s(RESNET50, precision="bf16")


def test_depthwise_nets_gain_from_vector_units_where_memory_is_fast():
    wide = make_accelerator(peak=replace(make_accelerator().peak, fp32=4 * make_accelerator().peak.fp32))

    assert per_s(MOBILENET, wide, precision="bf16") > 1.1 * per_s(MOBILENET, precision="bf16")


@pytest.mark.parametrize(("size", "equal"), [((224, 224), True), ((300, 300), False)])
def test_equal_blocks_pass_their_weights_once_for_every_patch(size, equal):
    met = how_tokens_meet(
        replace(VIT_B, tokens_meet=""), macs=VIT_B.macs_per_sample, activations=None, layers=12, size=size
    )

    assert (met == "equal_blocks") is equal


@pytest.mark.parametrize(("written", "met"), [(0.7, "mixed"), (1.0, "equal_blocks"), (1.4, "windows")])
def test_activations_tell_equal_blocks_from_others_with_as_many_tokens(written, met):
    activations = written * VIT_B.activations_per_sample
    counts = {"macs": VIT_B.macs_per_sample, "activations": activations, "layers": 12, "size": (224, 224)}

    assert how_tokens_meet(replace(VIT_B, tokens_meet=""), **counts) == met


def test_attention_in_windows_is_slower_than_its_operations_say():
    for spec in (SWIN_S, replace(SWIN_S, tokens_meet="")):
        assert per_s(spec, precision="bf16") < 0.65 * per_s(
            replace(SWIN_S, tokens_meet="equal_blocks"), precision="bf16"
        )


def test_mixing_tokens_is_slower_than_attention_of_as_many_operations():
    assert per_s(MIXER_B, precision="bf16") < 0.9 * per_s(
        replace(MIXER_B, tokens_meet="equal_blocks"), precision="bf16"
    )


def test_dense_layers_of_convolutional_stages_stay_in_fp32_when_asked():
    convnext = NetworkSpec(
        "convnext-large", "cnn", "convnext", 197_767_336, 34.4e9, 43.13e6, (224, 224), 113, dense_1x1=True
    )

    assert per_s(convnext, precision="fp32") < 0.6 * per_s(replace(convnext, dense_1x1=False), precision="fp32")
    assert per_s(convnext, precision="tf32") > 1.5 * per_s(convnext, precision="fp32")


def test_compiled_kernels_are_launched_sooner_by_a_whole_program_than_from_python():
    def ms(**how):
        job = network_job(RESNET50, task="inference", batch_size=1, precision="bf16", **how)
        return 1e3 / float(samples_per_s(networks.physics(job, make_systems(make_accelerator())))[0])

    assert 2.5 < ms(framework="pytorch", compiled=True) < 0.8 * ms(framework="pytorch")
    assert ms(framework="jax") < 0.6 * ms(framework="pytorch", compiled=True)
    assert ms(framework="other", compiled=True) < 0.5 * ms(framework="other", compiled=False)


def test_fused_attention_writes_no_scores():
    fine = NetworkSpec("vit-base-patch8", "vit", "vit", 86.58e6, 78.22e9, 161.69e6, (224, 224), 12, "equal_blocks")
    scores = network_work(network_job(fine), fine).scores

    assert scores == pytest.approx(12 * 12 * 785**2, rel=0.05)
    assert per_s(fine, attention="flash") > 1.2 * per_s(fine, attention="eager")


def test_nets_that_scale_maps_are_slower_than_residual_ones_of_as_many_operations():
    scaled = replace(RESNET50, joins_maps=True)

    assert per_s(scaled, precision="bf16", framework="pytorch") < 0.9 * per_s(
        RESNET50, precision="bf16", framework="pytorch"
    )


def test_depthwise_layers_are_trained_slower_in_fp32_than_bytes_say():
    def per_s_trained(precision):
        job = network_job(MOBILENET, precision=precision, batch_size=256)
        return float(samples_per_s(networks.physics(job, make_systems(V100)))[0])

    assert per_s_trained("amp") > 2 * per_s_trained("fp32")
