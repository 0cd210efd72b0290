from app.engine.comms import local_bytes_per_s
from tests.engine.jobs import RTX_4090, make_accelerator, make_systems

L40S = make_accelerator(
    "l40s", architecture="Ada Lovelace", interconnect="none", interconnect_bytes_per_s=None, pcie_bytes_per_s=32e9
)


def test_cards_for_servers_read_each_others_memory_where_geforce_cards_go_through_the_host():
    server, desktop = (local_bytes_per_s(make_systems(card, count=2))[0] for card in (L40S, RTX_4090))

    assert server > 2 * desktop
    assert 10e9 < server < 24e9
