"""Remarks, first steps and the verdict: each is there for a fact that was stated or computed, and only then."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.advice.cautions import cautions
from app.advice.circumstances import Circumstances
from app.advice.constraints import OwnedHardware
from app.advice.first_steps import first_steps
from app.advice.hardware_words import described
from app.advice.host import Host
from app.advice.need import Range, need_of
from app.advice.owned import Owned
from app.advice.prices import PriceBook
from app.advice.reasons import Reason
from app.advice.recipes import cheaper_recipes
from app.advice.remarks_hardware import provider_named
from app.advice.second_hand import second_hand_remark
from app.advice.verdict import verdict
from app.engine.model_spec import AlgorithmSpec
from app.engine.units import GIB
from app.wording import sentence
from tests.advice.answers import make_decision, make_need
from tests.advice.factories import (
    FPGA,
    FRESH,
    HIGH_CARD,
    MAC,
    SERVER_CARD,
    SMALL_CARD,
    make_constraints,
    make_devices,
    make_diffusion,
    make_job,
    make_llm_job,
    make_market,
    make_network,
    make_price,
    make_provider,
    make_transformer,
    make_workload,
)

TREES = AlgorithmSpec("random-forest", "classical", "yes, large", gpu_library="cuML")


@pytest.fixture
def case():
    """One question with its answer so far; the need is computed unless it is given."""

    def make(job=None, scenario=2, tier="mid", need=None, owned=(), ram_gb=32, **constraints):
        job, limits, devices = job or make_job(), make_constraints(**constraints), make_devices()
        return Circumstances(
            job=job,
            need=need or need_of(job, limits, devices=devices),
            decision=make_decision(scenario, tier),
            constraints=limits,
            owned=tuple(owned),
            picks=(),
            cloud=(),
            buy_or_rent=None,
            host=Host(8, ram_gb, 500, 650, ()),
            market=make_market(),
            devices=devices,
        )

    return make


@pytest.fixture
def told():
    """Codes of the remarks, and all their sentences as one text."""

    def run(case):
        found = cautions(case)
        return {c.reason.code for c in found}, " ".join(sentence(c.reason) for c in found)

    return run


@pytest.fixture
def have():
    """Hardware that somebody has."""

    def make(device, count=1, fit="fits"):
        reason = Reason("owned_fits", {})
        return Owned(
            device.name, device.slug, device.name, count, fit, (reason,), None, considering=False, device=device
        )

    return make


def running(**changes):
    """Running an 8 B model."""
    facts = {
        "workload": make_workload(task="inference", domain="text"), "training": False, "method": "full",
        "work_class": "llm_serving", "precision": "bf16", "seq_len": 4096, "prompt_tokens": 3584, "output_tokens": 512,
        "concurrent_requests": 1, "tokens": None,
    }  # fmt: skip
    return make_llm_job(**{**facts, **changes})


def test_a_closed_provider_is_named_with_when_it_closed(case, told):
    codes, text = told(case(providers=["FloydHub"]))

    assert "provider_closed" in codes
    assert "FloydHub is gone: closed in August 2021" in text


def test_an_unknown_provider_is_told_so_and_living_ones_are_not_remarked(case, told):
    codes, text = told(case(providers=["Megacloud", "AWS"]))

    assert "provider_unknown" in codes
    assert "Megacloud" in text
    assert "compare_providers" in codes
    assert "provider_unclear" not in codes


def test_providers_are_found_by_alias_and_by_a_word_of_their_name():
    market = make_market(
        providers=(make_provider("clusterone", name="Clusterone (formerly TensorPort)", aliases=("Tensor Port",)),)
    )

    assert provider_named(market, "tensorport").slug == "clusterone"
    assert provider_named(market, "Floyd") is None


def test_what_drives_the_memory_is_estimated_again(case, told):
    codes, text = told(case())

    assert "memory_pictures_batch" in codes
    assert "resolution" in text


def test_longer_texts_and_larger_batches_are_told_for_language_models(case, told):
    assert "memory_length_batch" in told(case(make_llm_job()))[0]


def test_all_experts_of_a_mixture_are_in_memory(case, told):
    model = make_transformer(parameters=46.7e9, active_parameters=12.9e9, num_experts=8, num_experts_per_token=2)
    codes, text = told(case(make_llm_job(model=model)))

    assert "mixture_of_experts" in codes
    assert "46.7 billion" in text


def test_full_training_is_told_what_adapters_take(case, told):
    job = make_llm_job(
        workload=make_workload(task="finetune", domain="text"), method="full", precision="bf16",
        work_class="llm_finetune_full", gradient_checkpointing=False,
    )  # fmt: skip

    assert "cheaper_adapters" in told(case(job, scenario=3, tier="datacenter"))[0]


def test_fewer_bits_are_told_when_running_a_model(case, told):
    codes, _ = told(case(running()))

    assert {"bits", "decode_bandwidth", "memory_context"} <= codes


def test_bits_fall_from_sixteen_to_four(case):
    found = next(c.reason.values for c in cautions(case(running())) if c.reason.code == "bits")

    assert found["bits_16_gib"] > found["bits_8_gib"] > found["bits_4_gib"]


def test_a_cluster_is_told_about_links_tpus_and_fpgas(case, told):
    job = make_llm_job(
        workload=make_workload(task="pretrain", domain="text"),
        method="full",
        precision="bf16",
        work_class="llm_pretrain",
    )
    codes, text = told(case(job, scenario=4, tier="cluster"))

    assert {"cluster_links", "tpu", "fpga_no_training", "adapt_ready_made"} <= codes
    assert "InfiniBand" in text


def test_a_tpu_with_pytorch_goes_through_xla(case, told):
    job = make_llm_job(
        workload=make_workload(task="pretrain", domain="text", framework="pytorch"), work_class="llm_pretrain"
    )

    assert "PyTorch/XLA" in told(case(job, scenario=3, vendors=["google"]))[1]


def test_unequal_cards_are_warned_about(case, told, have):
    codes, text = told(case(owned=[have(HIGH_CARD), have(SMALL_CARD)]))

    assert "unequal_cards" in codes
    assert "8 GB and 24 GB" in text
    assert "unequal_cards" not in told(case(owned=[have(HIGH_CARD), have(HIGH_CARD)]))[0]


def test_several_cards_are_told_about_their_link_and_cores(case, told, have):
    assert {"several_pcie", "several_cores"} <= told(case(owned=[have(HIGH_CARD, 2)]))[0]
    assert "several_linked" in told(case(owned=[have(SERVER_CARD, 2)]))[0]
    assert "several_pcie" not in told(case(owned=[have(HIGH_CARD)]))[0]


def test_links_inside_a_machine_are_not_claimed_between_machines(case, told, have):
    codes = told(case(owned=[have(SERVER_CARD, 64)]))[0]

    assert "several_machines" in codes
    assert "several_linked" not in codes


def test_a_power_supply_that_is_too_small_is_a_problem(case, have):
    found = cautions(case(owned=[have(HIGH_CARD, 2)], psu_watts=750))

    assert [c.severity for c in found if c.reason.code == "supply_too_small"] == ["problem"]
    assert not [c for c in cautions(case(owned=[have(SMALL_CARD)])) if c.reason.code.startswith("supply")]
    assert [c.severity for c in cautions(case(owned=[have(HIGH_CARD)])) if c.reason.code == "supply_for_owned"] == [
        "note"
    ]


@pytest.mark.parametrize(("have_gb", "code"), [(16, "system_memory_small"), (2, "system_memory_loading")])
def test_too_little_system_memory_is_warned_about(case, told, have_gb, code):
    assert code in told(case(system_memory_gb=have_gb))[0]


def test_enough_system_memory_is_not_remarked(case, told):
    assert not {code for code in told(case(system_memory_gb=64))[0] if code.startswith("system_memory")}


def test_free_notebooks_come_from_the_catalogue(case, told):
    codes, text = told(case())

    assert "notebook_hours" in codes
    assert "Google Colab" in text
    assert not {code for code in told(case(on_premises_only=True))[0] if code.startswith("notebook")}


def test_do_not_buy_yet_unless_they_want_to_buy_or_have_enough(case, told, have):
    assert "do_not_buy_yet" in told(case())[0]
    assert "do_not_buy_yet" not in told(case(ownership="buy"))[0]
    assert "do_not_buy_yet" not in told(case(on_premises_only=True))[0]
    assert "do_not_buy_yet" not in told(case(owned=[have(HIGH_CARD)]))[0]


def test_tables_are_told_the_size_from_which_a_card_helps(case, told):
    job = make_job(
        workload=make_workload(task="classical"), model=TREES, work_class="tabular", training=False, rows=2e3,
        columns=30.0, data_bytes=None, image_size=None, steps=100.0,
    )  # fmt: skip
    codes, text = told(case(job, scenario=1, tier="none"))

    assert {"table_size_for_a_card", "table_libraries", "nothing_to_buy"} <= codes
    assert "cuML" in text


def test_agents_are_told_what_would_change_the_answer(case, told):
    job = make_job(
        workload=make_workload(domain="rl"), work_class="rl", model=make_network(parameters=1e5, architecture="mlp")
    )

    assert "Pixels" in told(case(job, scenario=1, tier="none", need=make_need()))[1]


def test_one_card_is_compared_with_a_processor_by_rates_not_cores(case, told):
    assert "TFLOP/s" in told(case())[1]


def test_shared_memory_is_told_to_those_who_ask_for_apple(case, told):
    assert "unified_memory" in told(case(vendors=["apple"]))[0]


def test_a_recipe_keeps_the_changes_before_it():
    recipes = cheaper_recipes(
        make_llm_job(
            method="full",
            precision="bf16",
            micro_batch_size=4,
            gradient_checkpointing=False,
            work_class="llm_finetune_full",
        )
    )

    assert [r.code for r in recipes] == ["batch_1", "checkpointing", "lora", "qlora", "half_text", "quarter_text"]
    assert recipes[3].job.micro_batch_size == 1
    assert recipes[3].job.gradient_accumulation_steps == 4
    assert recipes[2].job.work_class == "llm_lora"


def test_pretraining_is_never_told_to_use_adapters():
    job = make_llm_job(
        workload=make_workload(task="pretrain"), method="full", precision="bf16", work_class="llm_pretrain"
    )

    assert not {r.code for r in cheaper_recipes(job)} & {"lora", "qlora"}


@pytest.mark.parametrize(
    ("method", "codes"),
    [("lora", ["checkpointing", "qlora"]), ("dreambooth", ["checkpointing", "lora", "qlora"])],
)
def test_adapters_of_a_picture_generator_may_sit_on_a_quantised_model(method, codes):
    job = make_job(
        workload=make_workload(task="finetune"),
        model=make_diffusion(),
        work_class="diffusion_train",
        method=method,
        precision="bf16",
        micro_batch_size=1,
    )

    assert [r.code for r in cheaper_recipes(job)] == codes


@pytest.mark.parametrize(("family", "expected"), [("alphafold", True), ("esm", False)])
def test_folding_is_told_of_its_databases_unless_one_sequence_is_enough(case, told, family, expected):
    network = replace(make_network(), architecture="other", family=family, tokens_meet="triangles")
    asked = make_workload(task="inference", domain="science")
    job = make_job(model=network, work_class="science", training=False, workload=asked)

    assert ("databases of 2.6 TB" in told(case(job=job, need=make_need()))[1]) == expected


@pytest.mark.parametrize(
    ("system", "scenario", "expected"), [("windows", 2, True), ("linux", 2, False), ("windows", 1, False)]
)
def test_windows_is_told_which_tools_are_made_for_linux(case, told, system, scenario, expected):
    assert ("WSL 2" in told(case(scenario=scenario, os=system))[1]) == expected


@pytest.mark.parametrize("work_class", ["vision_train", "gan", "science"])
def test_who_trains_what_others_have_trained_is_told_to_adapt_it(case, told, work_class):
    assert "adapt_ready_made" in told(case(make_job(work_class=work_class), need=make_need()))[0]


@pytest.mark.parametrize(("spot_ok", "expected"), [(None, True), (True, True), (False, False)])
def test_who_rents_is_told_of_spot_machines_unless_they_are_ruled_out(case, told, spot_ok, expected):
    rented = SimpleNamespace(provider="lambda", device=SERVER_CARD)
    asked = replace(case(scenario=3, ownership="rent", spot_ok=spot_ok), cloud=(rented,))

    assert ("Spot (preemptible)" in told(asked)[1]) == expected


@pytest.mark.parametrize(
    ("usd", "kind", "expected"), [(10, "marketplace", True), (50, "marketplace", False), (10, "specialist", False)]
)
def test_marketplaces_that_ask_much_less_are_named_where_others_are_compared_with(case, told, usd, kind, expected):
    def offer(usd, kind):
        return SimpleNamespace(
            provider="lambda", provider_name="Lambda", provider_kind=kind, usd_per_hour=usd / 20,
            total_usd=Range(usd, usd, usd), device=SERVER_CARD,
        )  # fmt: skip

    compared = SimpleNamespace(rent=offer(55, "specialist"))
    asked = replace(case(scenario=3), cloud=(compared.rent, offer(usd, kind)), buy_or_rent=compared)

    assert ("Marketplaces ask less, from $0.50/h" in told(asked)[1]) == expected


@pytest.mark.parametrize(
    ("usd", "asked", "expected"),
    [(900.0, {}, True), (3000.0, {}, False), (900.0, {"used_ok": False}, False), (900.0, {"ownership": "rent"}, False)],
)
def test_a_used_card_for_much_less_is_told_of_where_nobody_ruled_it_out(case, told, usd, asked, expected):
    new, used = make_price(HIGH_CARD.slug, 3400.0), make_price(HIGH_CARD.slug, usd, condition="used")
    market = make_market(prices=(new, used))
    price = PriceBook.of(market, FRESH).tag(HIGH_CARD, count=1, used_ok=False)
    pick = SimpleNamespace(device=HIGH_CARD, count=1, price=price)
    question = replace(case(tier="high", **asked), picks=(pick,), market=market)

    assert [r.reason.values["usd"] for r in second_hand_remark(question)] == ([usd] if expected else [])


def test_tables_have_no_recipe():
    assert cheaper_recipes(make_job(model=TREES)) == ()


@pytest.mark.parametrize(
    ("scenario", "changes", "words"),
    [
        (1, {"job": make_job(workload=make_workload(task="learn"))}, "to learn"),
        (1, {"budget_usd": 0}, "without spending anything"),
        (2, {}, "Take one card with 12 GB or more. The"),
        (2, {"portable": True}, "A laptop"),
        (2, {"need": make_need(memory=None)}, "too little is known"),
        (3, {"ownership": "rent"}, "Rent by the hour"),
        (4, {"tier": "cluster"}, "cluster"),
    ],
)
def test_the_verdict_is_a_sentence_to_act_on(case, scenario, changes, words):
    assert words in sentence(verdict(case(scenario=scenario, **changes)))


def test_the_verdict_says_that_what_they_have_is_enough(case, have):
    assert "What you have is enough" in sentence(verdict(case(owned=[have(HIGH_CARD)])))


def test_an_instant_answer_on_an_fpga_has_its_own_verdict(case):
    job = make_job(workload=make_workload(task="inference", latency_ms=0.5), training=False)
    need = make_need(asked_for=(described("FPGA"),))

    assert "FPGA board" in sentence(verdict(case(job, scenario=4, tier="none", need=need)))


def test_a_first_pick_whose_memory_nobody_tells_has_a_verdict(case):
    board = SimpleNamespace(device=replace(FPGA, memory_bytes=math.nan), count=1, fit=None)

    assert sentence(verdict(replace(case(scenario=4, tier="cluster"), picks=(board,))))


@pytest.mark.parametrize("scenario", [1, 2, 3, 4])
def test_there_are_first_steps_for_every_scenario(case, scenario):
    steps = first_steps(case(scenario=scenario))

    assert 2 <= len(steps) <= 4
    assert len({step.code for step in steps}) == len(steps)


def test_the_first_step_for_an_unknown_card_is_to_find_its_name(case):
    unknown = Owned(
        "a card",
        None,
        "a card",
        1,
        "unknown",
        (Reason("owned_unknown", {}),),
        None,
        considering=False,
        words=described("a card"),
    )

    assert first_steps(case(owned=[unknown]))[0].code == "step_find_model"


def test_owned_hardware_needs_a_name_or_words():
    with pytest.raises(ValueError, match="accelerator"):
        OwnedHardware()


def test_memory_of_a_changed_job_is_that_of_the_same_device(case):
    question = case(make_llm_job())

    assert question.gib_of(question.job) * GIB == pytest.approx(question.need.memory.expected)
    assert case(need=make_need(memory_device=None)).gib_of(make_job()) is None
    assert MAC.slug in question.by_slug


@pytest.mark.parametrize(("scenario", "count", "named"), [(2, 1, HIGH_CARD.name), (3, 2, f"2 x {HIGH_CARD.name}")])
def test_the_verdict_sends_those_whose_card_just_holds_it_to_their_card(case, have, scenario, count, named):
    told = sentence(verdict(case(scenario=scenario, owned=[have(HIGH_CARD, count=count, fit="tight")])))

    assert told.startswith(f"Try what you have first ({named})")


def test_who_wants_to_rent_what_may_not_leave_the_house_is_told_of_it(case, told):
    assert "rent_on_premises" in told(case(on_premises_only=True, ownership="rent"))[0]
    assert "rent_on_premises" not in told(case(on_premises_only=True))[0]


def test_data_that_may_not_leave_the_house_are_not_sent_out_to_rent(case):
    asked = case(scenario=3, on_premises_only=True)

    assert "Renting is left out" in sentence(verdict(asked))
    assert "step_rent_one" not in [step.code for step in first_steps(asked)]
