"""A network described by its size and operations is taken for the known one that has them, and for no other."""

from dataclasses import replace

from app.engine import networks
from app.engine.model_spec import NetworkSpec
from app.engine.network_alike import as_known
from app.engine.network_work import network_work
from tests.engine.jobs import make_accelerator, make_systems
from tests.engine.network_jobs import RESNET50, YOLO, network_job, samples_per_s

ASKED = NetworkSpec(
    "your model", "detector", "", parameters=25.9e6, macs_per_sample=39.45e9, activations_per_sample=None
)
TWO_STAGES = NetworkSpec(
    "r50-fpn", "detector", "", parameters=41.7e6, macs_per_sample=211e9, activations_per_sample=299e6
)


def test_rounded_counts_find_the_layers_of_a_known_network():
    found = as_known(ASKED, [RESNET50, YOLO], size=(640, 640))

    assert (found.family, found.activations_per_sample) == (YOLO.family, YOLO.activations_per_sample)
    assert (found.name, found.parameters, found.macs_per_sample) == ("your model", 25.9e6, 39.45e9)


def test_operations_at_another_size_are_those_of_another_network():
    assert as_known(ASKED, [YOLO], size=(512, 512)) is ASKED


def test_activations_that_somebody_counted_are_kept():
    counted = replace(ASKED, activations_per_sample=60e6)

    assert as_known(counted, [YOLO], size=(640, 640)) is counted


def test_mixed_precision_shortens_no_matching_of_boxes():
    def gain(size):
        asked = {"domain": "detection", "image_size": size, "batch_size": 8, "channels_last": False}
        systems = make_systems(make_accelerator())
        rates = [
            samples_per_s(networks.physics(network_job(TWO_STAGES, precision=precision, **asked), systems))[0]
            for precision in ("amp", "fp32")
        ]
        return rates[0] / rates[1]

    assert gain([800, 1333]) < gain([1024, 1024])


def test_clips_are_not_taken_for_depthwise_networks():
    i3d = NetworkSpec("your model", "cnn", "", parameters=28e6, macs_per_sample=33.4e9, activations_per_sample=None)
    clip = network_work(network_job(i3d, image_size=224, frames=32), i3d)

    assert clip.intensity > 300
