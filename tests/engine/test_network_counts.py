"""Counts that nobody published, and counts at another size than the published one."""

from dataclasses import replace

import pytest

from app.engine.model_spec import NetworkSpec
from app.engine.network_counts import size_factor
from app.engine.network_work import network_work
from tests.engine.network_jobs import GNN, RESNET50, SEGMENTER, VIT_B, YOLO, network_job


def work_of(spec, **workload):
    return network_work(network_job(spec, **workload), spec)


@pytest.mark.parametrize(
    ("spec", "published_gmacs", "tolerance"),
    [(RESNET50, 4.11, 0.1), (VIT_B, 17.58, 0.1), (YOLO, 39.47, 0.2), (SEGMENTER, 178.7, 0.1)],
)
def test_operations_inferred_from_parameters_are_near_the_published_count(spec, published_gmacs, tolerance):
    bare = replace(spec, macs_per_sample=None, activations_per_sample=None, reference_size=())
    work = work_of(bare, image_size=list(spec.reference_size))

    assert work.macs / 1e9 == pytest.approx(published_gmacs, rel=tolerance)
    assert work.inferred == ("operations", "activations")


def test_a_dense_or_graph_network_passes_every_weight_once():
    assert work_of(replace(GNN, macs_per_sample=None), domain="graph").macs == GNN.parameters


def test_depth_inferred_for_a_classifier_follows_its_width():
    shallow = NetworkSpec("resnet18", "cnn", "resnet", 11_689_512, 1.82e9, 2.48e6, (224, 224))
    grouped = NetworkSpec("resnext101-32x4d", "cnn", "resnext", 44.18e6, 8.01e9, 21.23e6, (224, 224))

    assert work_of(shallow).layers < 40
    assert work_of(replace(RESNET50, depth=None)).layers == pytest.approx(54, rel=0.35)
    assert work_of(grouped).layers == pytest.approx(105, rel=0.1)
    assert work_of(replace(VIT_B, depth=None)).layers == pytest.approx(12, abs=0.1)
    assert work_of(YOLO, domain="detection").layers > 50


def test_counts_of_the_sample_as_given_are_not_scaled():
    assert size_factor((), (512, 512)) == 1.0
    assert work_of(replace(RESNET50, reference_size=()), image_size=448).macs == RESNET50.macs_per_sample


def test_a_large_detector_like_none_that_is_known_keeps_and_takes_more_for_its_operations():
    small, large = (NetworkSpec("your model", "detector", "", 41e6, macs, None, (800, 1333)) for macs in (40e9, 180e9))
    of = {"image_size": (800, 1333), "framework": "pytorch"}
    plain, grown, built, known = (
        network_work(network_job(spec, **{**of, **more}), spec)
        for spec, more in (
            (small, {}),
            (large, {}),
            (large, {"compiled": True}),
            (replace(large, family="faster_rcnn"), {}),
        )
    )

    assert plain.beyond_counts == built.beyond_counts == known.beyond_counts == 1.0
    assert grown.beyond_counts > 1.4
    assert grown.activations == pytest.approx(known.activations * grown.beyond_counts)


def test_a_large_segmenter_like_none_that_is_known_takes_more_than_its_operations_tell():
    small, large = (NetworkSpec("your model", "segmenter", "", 44e6, macs, None, (512, 512)) for macs in (40e9, 226e9))
    of = {"domain": "segmentation", "image_size": 512, "framework": "pytorch"}

    assert work_of(small, **of).beyond_counts == 1.0
    assert work_of(large, **of).beyond_counts > 1.4


def test_a_detector_of_depthwise_layers_is_not_taken_for_hundreds_of_layers():
    small = NetworkSpec("my efficientdet", "detector", "efficientdet", 3.9e6, 2.5e9, 5e7, (512, 512))

    assert 60 < work_of(small, domain="detection", image_size=512).layers < 160


def test_a_network_for_small_pictures_keeps_as_many_places_as_one_that_strides_over_larger_ones():
    """ResNet-50 without strides at its start writes 3.43 million values for 32 x 32 pixels."""
    small = NetworkSpec("", "cnn", "", 23.52e6, 1.298e9, None)

    assert work_of(small, image_size=32).activations == pytest.approx(3.43e6, rel=0.6)
