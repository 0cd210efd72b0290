"""Generators of styles with their critics: counts, memory and speed."""

import pytest

from app.engine import networks
from app.engine.model_spec import NetworkSpec
from app.engine.style_networks import counts
from tests.engine.jobs import make_systems
from tests.engine.network_jobs import network_job


def styles(parameters: float) -> NetworkSpec:
    return NetworkSpec("your model", "gan", "", parameters, None, None)


def held_gib(parameters: float, *, size: int, batch: int) -> float:
    job = network_job(
        styles(parameters), domain="image_generation", image_size=size, batch_size=batch, optimizer="adam"
    )
    return float(networks.physics(job, make_systems()).footprint.total_bytes[0]) / 2**30


@pytest.mark.parametrize(
    ("parameters", "size", "batch", "published"),
    [(59e6, 256, 16, 4.5), (59e6, 1024, 4, 7.2), (51e6, 128, 8, 4.1), (51e6, 1024, 4, 6.7), (45e6, 256, 8, 6.7)],
)
def test_recipes_of_style_networks_need_what_their_authors_publish(
    parameters: float, size: int, batch: int, published: float
) -> None:
    assert held_gib(parameters, size=size, batch=batch) == pytest.approx(published, rel=0.2)


def test_maps_without_aliases_cost_most_where_pictures_are_small() -> None:
    plain, smooth = counts("styles", 128), counts("shifted", 128)
    assert smooth.generator_macs > 10 * plain.generator_macs
    assert counts("shifted", 1024).generator_macs < 5 * counts("styles", 1024).generator_macs


def test_larger_pictures_take_more_of_everything() -> None:
    for kind in ("styles", "narrow", "shifted", "rotated"):
        sizes = [counts(kind, side) for side in (64, 128, 256, 512, 1024)]
        assert [known.macs for known in sizes] == sorted(known.macs for known in sizes)
        assert [known.outputs for known in sizes] == sorted(known.outputs for known in sizes)
