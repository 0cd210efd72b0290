"""The rest of the computer follows from the cards, the data and the kind of work."""

from dataclasses import replace

import pytest

from app.advice.host import RAM_SIZES_GB, host_for, size_from, supply_w
from app.advice.need import Range
from app.engine.model_spec import AlgorithmSpec
from app.engine.units import GIB
from app.wording import sentences
from tests.advice.answers import make_need
from tests.advice.factories import (
    HIGH_CARD,
    LAPTOP_CARD,
    SERVER_CARD,
    make_constraints,
    make_job,
    make_llm_job,
    make_network,
    make_workload,
)


@pytest.fixture
def host():
    """The computer around a device."""

    def run(job=None, device=HIGH_CARD, count=1, need=None, **constraints):
        return host_for(
            job or make_job(),
            need or make_need(),
            device=device,
            count=count,
            constraints=make_constraints(**constraints),
        )

    return run


@pytest.fixture
def table():
    """Boosted trees on a table of so many bytes."""

    def make(size):
        return make_job(
            workload=make_workload(task="classical"), model=AlgorithmSpec("xgboost", "classical", "yes"), training=False,
            work_class="tabular", data_bytes=size,
        )  # fmt: skip

    return make


@pytest.mark.parametrize(("count", "cores"), [(1, 6), (2, 8), (8, 32)])
def test_each_card_wants_about_four_cores(host, count, cores):
    assert host(count=count).cpu_cores == cores


def test_a_machine_with_shared_memory_has_its_own_supply_and_memory(host):
    spark = replace(HIGH_CARD, unified_memory=True, slots=None, memory_bytes=128 * GIB, usable_memory_bytes=120 * GIB)
    found = host(device=spark)
    assert (found.ram_gb, found.psu_watts) == (128, None)
    assert "share" in sentences(found.reasons)
    assert "part of the machine" in sentences(found.reasons)


def test_a_mac_is_ordered_with_as_much_memory_as_the_work_asks_for(host):
    mac = replace(
        HIGH_CARD, kind="apple_soc", unified_memory=True, memory_bytes=128 * GIB, usable_memory_bytes=96 * GIB
    )
    assert host(device=mac, need=make_need(memory=Range(20 * GIB, 25 * GIB, 30 * GIB))).ram_gb == 64


def test_pictures_are_loaded_by_cores_and_the_reason_says_so(host):
    assert "data loading" in sentences(host().reasons)


def test_system_memory_is_at_least_the_cards_memory(host):
    assert host(count=4).ram_gb >= 96
    assert host().ram_gb == 32


@pytest.mark.parametrize(("size", "ram"), [(1e9, 16), (2e10, 64), (1e11, 256)])
def test_a_table_and_its_working_copy_fit_in_memory(host, table, size, ram):
    assert host(table(size), device=None).ram_gb == ram


def test_agents_want_cores_for_their_environments(host):
    found = host(make_job(work_class="rl"), device=None)

    assert found.cpu_cores == 16
    assert "environments" in sentences(found.reasons)


def test_the_supply_covers_the_peaks_of_all_cards(host):
    assert host().psu_watts == 850
    assert host(count=2).psu_watts == 1600
    assert host(count=8).psu_watts == 2 * 3200
    assert supply_w(tdp_w=450.0, count=2) > 2 * 450


def test_more_cards_never_want_a_smaller_supply_or_less_memory(host):
    hosts = [host(count=count) for count in (1, 2, 3, 4)]

    assert [h.psu_watts for h in hosts] == sorted(h.psu_watts for h in hosts)
    assert [h.ram_gb for h in hosts] == sorted(h.ram_gb for h in hosts)


def test_a_laptop_brings_its_own_supply(host):
    assert host(device=LAPTOP_CARD).psu_watts is None


def test_server_modules_are_told_to_live_in_a_server(host):
    assert "server" in sentences(host(device=SERVER_CARD, count=8).reasons)


def test_slots_and_cooling_are_named_for_several_hot_cards(host):
    told = sentences(host(count=2).reasons)

    assert "slots" in told
    assert "cooling" in told


def test_data_larger_than_memory_wants_a_fast_disk(host):
    found = host(make_job(data_bytes=5e12))

    assert found.storage_gb >= 15_000
    assert "NVMe" in sentences(found.reasons)


@pytest.mark.parametrize(("family", "storage_gb", "told"), [("alphafold", 2000, True), ("esm", 500, False)])
def test_databases_that_are_searched_before_folding_want_room(host, family, storage_gb, told):
    network = replace(make_network(), architecture="other", family=family, tokens_meet="triangles")
    found = host(make_job(model=network, work_class="science", training=False))

    assert found.storage_gb == storage_gb
    assert ("databases; all of them take 2.6 TB" in sentences(found.reasons)) == told


def test_training_on_many_tokens_wants_disks_for_them(host):
    assert host(make_llm_job(tokens=9.5e11, data_bytes=None)).storage_gb >= 3800
    assert host(make_llm_job(tokens=1e7, data_bytes=None)).storage_gb <= 1000


def test_without_a_card_the_processor_does_the_work(host):
    job = make_llm_job(workload=make_workload(task="inference"), training=False)

    assert "processor does the work" in sentences(host(job, device=None).reasons)


def test_sizes_are_rounded_up_to_what_is_sold():
    assert size_from(RAM_SIZES_GB, 65.0) == 96
    assert size_from(RAM_SIZES_GB, 1e9) == RAM_SIZES_GB[-1]
