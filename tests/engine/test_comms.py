import pytest

from app.engine.comms import devices_per_node, local_bytes_per_s, network_bytes_per_s
from tests.engine.jobs import H100, RTX_4090, make_accelerator, make_systems

L40S = make_accelerator(
    "l40s", architecture="Ada Lovelace", interconnect="none", interconnect_bytes_per_s=None, pcie_bytes_per_s=32e9
)


def test_cards_for_servers_read_each_others_memory_where_geforce_cards_go_through_the_host():
    server, desktop = (local_bytes_per_s(make_systems(card, count=2))[0] for card in (L40S, RTX_4090))

    assert server > 2 * desktop
    assert 10e9 < server < 24e9


def test_machines_of_one_rack_share_a_switch():
    rack = make_accelerator("gb200-nvl72-gpu", interconnect_bytes_per_s=1.8e12, rack_devices=72.0)
    few, all_of_it, two = (make_systems(rack, count=count, nodes=count // 4) for count in (8, 72, 144))

    assert [devices_per_node(systems)[0] for systems in (few, all_of_it, two)] == [8, 72, 72]
    assert network_bytes_per_s(all_of_it) == pytest.approx(local_bytes_per_s(all_of_it))
    assert network_bytes_per_s(two) < 0.2 * local_bytes_per_s(two)
    assert devices_per_node(make_systems(H100, count=16, nodes=2))[0] == 8


def test_bridges_that_are_bought_apart_join_no_cards_of_a_request():
    bare = make_accelerator("geforce-rtx-3090", segment="desktop", architecture="Ampere", interconnect="none")
    bridged = make_accelerator("geforce-rtx-3090", segment="desktop", architecture="Ampere")

    assert local_bytes_per_s(make_systems(bridged, count=2)) == local_bytes_per_s(make_systems(bare, count=2))
