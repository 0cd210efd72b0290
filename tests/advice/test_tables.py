from dataclasses import replace

import pytest

from app.advice.tables import ordinary_card, where_a_card_pays
from app.engine.hardware import Devices
from app.wording import sentence
from tests.advice.factories import AMD_CARD, MID_CARD, SMALL_CARD, TOP_CARD
from tests.engine.jobs import make_job
from tests.engine.network_jobs import RESNET50, V100, XEON, table_job

SHOP = Devices((XEON, V100))


@pytest.mark.parametrize("asked", [XEON, V100])
def test_a_range_of_rows_tells_where_a_card_pays(asked):
    reason = where_a_card_pays(table_job("xgboost"), Devices((XEON, V100)), on=asked)

    if asked is XEON:
        assert reason is None  # no ordinary card is known here
    else:
        assert reason.code == "table_card_pays"
        assert 1e4 < reason.values["low"] < reason.values["rows"] < reason.values["high"] < 1e8
        assert f"the {V100.name} is done with such a table noticeably sooner than the {XEON.name}" in sentence(reason)


def test_a_card_never_pays_where_no_library_uses_it():
    assert where_a_card_pays(table_job("naive-bayes"), SHOP, on=V100).code == "table_card_never_pays"


def test_networks_are_not_tables():
    assert where_a_card_pays(make_job(RESNET50, domain="vision"), SHOP, on=V100) is None


def test_the_ordinary_card_is_the_smallest_recent_one_with_room():
    before, ahead = replace(MID_CARD, slug="older", launch_year=2022), replace(TOP_CARD, launch_year=2025)

    untold = replace(MID_CARD, slug="untold", memory_bytes=float("nan"))

    assert ordinary_card(Devices((untold, ahead, before, SMALL_CARD, AMD_CARD, MID_CARD))) is MID_CARD
