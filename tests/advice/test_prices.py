from app.advice.prices import PriceBook
from app.engine.units import GIB
from tests.advice.factories import (
    FRESH,
    HIGH_CARD,
    LAPTOP_CARD,
    MAC,
    MID_CARD,
    SERVER_CARD,
    STALE,
    TODAY,
    TPU,
    changed,
    make_machine,
    make_market,
    make_price,
)


def tag(device, *, count=1, used_ok=False, memory_bytes=None, **market):
    return PriceBook.of(make_market(**market), TODAY).tag(
        device, count=count, used_ok=used_ok, memory_bytes=memory_bytes
    )


def test_the_newest_price_counts_even_when_an_older_one_is_lower():
    prices = (make_price(usd=1900.0, as_of=STALE), make_price(usd=3400.0, as_of=FRESH))
    assert tag(HIGH_CARD, prices=prices).usd == 3400.0


def test_of_two_prices_of_a_day_the_better_supported_one_counts():
    prices = (make_price(usd=3000.0, confidence="low"), make_price(usd=3400.0, confidence="high"))
    assert tag(HIGH_CARD, prices=prices).usd == 3400.0


def test_a_used_price_counts_only_for_those_who_accept_used_hardware():
    assert tag(HIGH_CARD).usd == 3400.0
    assert tag(HIGH_CARD, used_ok=True).usd == 1600.0
    assert tag(HIGH_CARD, used_ok=True).condition == "used"


def test_an_unknown_price_is_none_and_never_zero():
    assert tag(HIGH_CARD, prices=()) is None


def test_a_price_older_than_four_months_is_shown_but_not_fresh():
    old = tag(HIGH_CARD, prices=(make_price(as_of=STALE),))
    assert old.usd == 3400.0
    assert not old.fresh


def test_a_fresh_dearer_price_goes_before_an_old_cheaper_one():
    prices = (make_price(usd=3400.0), make_price(usd=900.0, condition="used", as_of=STALE))
    assert tag(HIGH_CARD, used_ok=True, prices=prices).usd == 3400.0


def test_several_cards_cost_several_times_as_much():
    assert tag(HIGH_CARD, count=4).usd == 4 * 3400.0


def test_a_laptop_card_is_bought_with_its_laptop():
    found = tag(LAPTOP_CARD)
    assert found.usd == 1600.0
    assert found.machine.slug == "legion-5070-ti"


def test_of_macs_the_cheapest_with_enough_memory_for_the_job_counts():
    machines = (
        make_machine("mac-36", "apple-m4-max", 2000.0, ram_gb=36.0, kind="mac"),
        make_machine("mac-64", "apple-m4-max", 3700.0, ram_gb=64.0, kind="mac"),
    )
    assert tag(MAC, memory_bytes=20 * GIB, machines=machines).machine.slug == "mac-36"
    assert tag(MAC, memory_bytes=45 * GIB, machines=machines).machine.slug == "mac-64"
    assert tag(MAC, machines=machines).machine.slug == "mac-64"


def test_server_modules_cost_their_share_of_the_server_too():
    assert tag(SERVER_CARD, count=8).usd > 8 * 30000.0


def test_a_whole_server_of_known_price_goes_before_the_sum_of_its_modules():
    machines = (make_machine("8x-h100", "h100-sxm5-80gb", 250000.0, accelerator_count=8, kind="server"),)
    assert tag(SERVER_CARD, count=8, machines=machines).usd == 250000.0


def test_nobody_sells_a_tpu():
    assert tag(TPU, prices=(make_price("tpu-v6e", 5000.0),)) is None


def test_the_low_end_of_a_price_is_never_above_its_middle():
    found = tag(MID_CARD, prices=(changed(make_price(MID_CARD.slug, 700.0), usd_low=800.0, usd_high=600.0),))
    assert found.usd_low <= found.usd <= found.usd_high
