"""Hardware that people have or consider is judged, unknown words are kept and asked about, memory is not added up."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from app.advice.need import need_of
from app.advice.owned import judge, owned_fit
from app.engine.model_spec import AlgorithmSpec
from app.wording import sentence, sentences
from tests.advice.factories import (
    CATALOGUE,
    make_accelerator,
    make_constraints,
    make_devices,
    make_job,
    make_llm_job,
    make_workload,
)


@dataclass(frozen=True)
class Match:
    slug: str
    text: str = "9"
    count: int = 1


@dataclass(frozen=True)
class Ambiguous:
    slugs: tuple[str, ...]
    text: str = "9"
    count: int = 1


class Names:
    """Slugs by a word that a text holds."""

    words: ClassVar = {
        "4090": Match("geforce-rtx-4090"), "5060": Match("geforce-rtx-5060"), "740m": Match("geforce-gt-740m"),
        "1080": Match("geforce-gtx-1080"), "7900": Match("radeon-rx-7900-xtx"), "laptop": Match("ryzen-9-9900x", text="laptop"),
        "titan x": Ambiguous(("geforce-gtx-1080", "geforce-rtx-4090")), "m4 max": Match("apple-m4-max"),
    }  # fmt: skip

    def resolve(self, text):
        return next((match for word, match in self.words.items() if word in text.lower()), object())

    def find_in_text(self, text):
        return [match for word, match in self.words.items() if word in text.lower()]


@pytest.fixture
def verdicts():
    """Verdicts on descriptions (or {"accelerator", "count"} entries) for a job."""

    def run(*entries, job=None, considering=(), devices=None):
        job, devices = job or make_job(), devices or make_devices()
        given = [entry if isinstance(entry, dict) else {"description": entry} for entry in entries]
        limits = make_constraints(existing_hardware=given, considering=[{"accelerator": slug} for slug in considering])
        need = need_of(job, limits, devices=devices)
        return judge(job, need, constraints=limits, devices=devices, names=Names())

    return run


def test_a_card_that_fits_means_nothing_to_buy(verdicts):
    (owned,) = verdicts({"accelerator": "geforce-rtx-4090"})

    assert (owned.fit, owned.change_needed) == ("fits", None)
    assert "nothing to buy" in sentence(owned.verdict)
    assert owned_fit([owned]).fits


def test_a_card_that_is_too_small_is_told_the_first_change_that_makes_it_fit(verdicts):
    (owned,) = verdicts({"accelerator": "geforce-rtx-5060"}, job=make_job(micro_batch_size=256))

    assert owned.fit == "does_not_fit"
    assert owned.change_needed.code == "change_quarter_batch"
    assert owned.change_needed.values["changed_gib"] < 7.2


def test_full_training_of_a_language_model_comes_down_to_qlora(verdicts):
    job = make_llm_job(
        workload=make_workload(task="finetune", domain="text"), method="full", precision="bf16",
        work_class="llm_finetune_full", micro_batch_size=4, gradient_checkpointing=False,
    )  # fmt: skip
    (owned,) = verdicts({"accelerator": "geforce-rtx-4090"}, job=job)

    assert owned.fit == "does_not_fit"
    assert owned.change_needed.code in {"change_lora", "change_qlora"}


def test_work_that_no_recipe_makes_fit_asks_for_a_larger_card(verdicts):
    (owned,) = verdicts(
        {"accelerator": "geforce-gtx-1080"},
        job=make_llm_job(
            workload=make_workload(task="pretrain"), method="full", precision="bf16", work_class="llm_pretrain"
        ),
    )

    assert owned.change_needed.code == "change_larger_card"


def test_an_unsupported_card_counts_as_none_and_says_why(verdicts):
    (owned,) = verdicts("laptop with a GT 740M")

    assert owned.fit == "unsupported"
    assert "Kepler" in sentence(owned.verdict)
    assert owned_fit([owned]).works is False


def test_an_old_card_is_told_that_its_software_is_frozen(verdicts):
    (owned,) = verdicts({"accelerator": "geforce-gtx-1080"})

    assert "old card: Pascal" in sentences(owned.reasons)
    assert owned_fit([owned]) == type(owned_fit([owned]))(gpus=1, fits=False, works=True)


@pytest.mark.parametrize("entry", [{"accelerator": "radeon-rx-7900-xtx"}, "an AMD Radeon GPU"])
def test_an_amd_card_always_gets_the_rocm_sentence(verdicts, entry):
    assert "ROCm" in sentences(verdicts(entry)[0].reasons)


def test_memory_of_several_cards_does_not_add_up(verdicts):
    (owned,) = verdicts({"accelerator": "geforce-rtx-5060", "count": 2})

    assert owned.fit == "fits"
    assert "does not add up" in sentences(owned.reasons)
    assert owned_fit([owned]).gpus == 2


def test_cards_that_share_a_split_model_say_so(verdicts):
    job = make_llm_job(
        workload=make_workload(task="inference", domain="text"), training=False, method="full", precision="bf16",
        work_class="llm_serving", seq_len=4096, prompt_tokens=3584, output_tokens=512, concurrent_requests=1, framework="pytorch",
    )  # fmt: skip
    (owned,) = verdicts({"accelerator": "geforce-rtx-5060-ti-16gb", "count": 4}, job=job)

    assert owned.fit == "fits"
    assert "sharding" in sentences(owned.reasons)


@pytest.mark.parametrize(
    ("text", "fit", "code"),
    [
        ("some old card", "unknown", "owned_unknown"),
        ("laptop", "unknown", "owned_unknown_laptop"),
        ("laptop with built-in graphics", "unsupported", "owned_integrated"),
        ("one card with 24 GB", "fits", "owned_memory_fits"),
        ("one card with 1 GB", "does_not_fit", "owned_memory_too_small"),
        ("FPGA board", "unsupported", "owned_fpga_training"),
        ("Google Colab with a GPU", "fits", "owned_notebook_hours"),
        ("USB Coral (Edge TPU)", "unsupported", "owned_edge"),
        ("Quadro K5000", "unsupported", "owned_old_generation"),
        ("Quadro M1200 with 4 GB", "fits", "owned_memory_fits"),
        ("no graphics card", "fits", "owned_no_card_hours"),
    ],
)
def test_words_alone_are_judged_as_far_as_they_tell(verdicts, text, fit, code):
    (owned,) = verdicts(text, job=make_job(samples=1e4))

    assert (owned.fit, owned.verdict.code, owned.slug) == (fit, code, None)
    assert owned.text == text


def test_without_a_card_a_run_of_weeks_is_too_slow(verdicts):
    assert verdicts("no graphics card", job=make_job(samples=1e7))[0].verdict.code == "owned_no_card_slow"


def test_a_card_whose_name_tells_that_its_software_is_frozen_is_told_so(verdicts):
    (owned,) = verdicts("Quadro M1200 with 4 GB")

    assert "CUDA 13 dropped it" in sentences(owned.reasons)


def test_an_unknown_card_is_asked_about(verdicts):
    assert "exact model and its memory" in sentence(verdicts("Superfast GPU 9")[0].verdict)


def test_one_name_of_several_products_is_judged_and_asked_about(verdicts):
    (owned,) = verdicts("two Titan X / 1080")

    assert owned.count == 2
    assert "geforce gtx 1080, geforce rtx 4090" in sentences(owned.reasons)


def test_unequal_entries_are_judged_one_by_one_in_their_order(verdicts):
    assert [each.slug for each in verdicts("RTX 4090", "GTX 1080")] == ["geforce-rtx-4090", "geforce-gtx-1080"]


def test_what_is_only_considered_is_judged_but_not_owned(verdicts):
    judged = verdicts(considering=["geforce-rtx-4090"])

    assert [each.considering for each in judged] == [True]
    assert owned_fit(judged).gpus == 0


def test_shared_memory_of_a_mac_is_not_all_for_the_gpu(verdicts):
    assert "shared" in sentences(verdicts("MacBook with M4 Max")[0].reasons)


def test_an_fpga_of_the_catalogue_does_not_train(verdicts):
    assert verdicts({"accelerator": "alveo-u250"})[0].verdict.code == "owned_fpga_training"


def test_a_processor_is_told_its_time(verdicts):
    (owned,) = verdicts({"accelerator": "ryzen-9-9900x"})

    assert owned.verdict.code == "owned_processor_hours"
    assert owned_fit([owned]).gpus == 0


def test_a_card_is_not_needed_where_a_processor_is_as_quick(verdicts):
    job = make_job(
        workload=make_workload(task="classical", domain="tabular"), model=AlgorithmSpec("xgboost", "classical", "yes, large"),
        work_class="tabular", training=False, rows=1e4, columns=20.0, data_bytes=None, image_size=None, steps=100.0,
    )  # fmt: skip

    assert verdicts({"accelerator": "geforce-rtx-5060"}, job=job)[0].verdict.code == "owned_not_needed"


def test_more_memory_never_worsens_a_verdict(verdicts):
    order = ["unsupported", "does_not_fit", "tight", "fits"]
    cards = [make_accelerator(f"card-{gib}", memory_gib=gib) for gib in (2, 4, 6, 8, 12, 16, 24, 48)]
    devices = make_devices(*cards, *CATALOGUE)
    fits = [
        verdicts({"accelerator": card.slug}, devices=devices, job=make_job(micro_batch_size=64))[0].fit
        for card in cards
    ]

    assert [order.index(fit) for fit in fits] == sorted(order.index(fit) for fit in fits)


def test_a_card_that_misses_the_deadline_is_not_enough():
    job, devices = make_job(), make_devices(*CATALOGUE)
    owned = {}
    for deadline in (None, 1e-3):
        constraints = make_constraints(existing_hardware=[{"accelerator": "geforce-rtx-4090"}], deadline_hours=deadline)
        need = need_of(job, constraints, devices=devices)
        owned[deadline] = judge(job, need, constraints=constraints, devices=devices, names=Names())

    assert owned_fit(owned[None]).fits
    assert not owned_fit(owned[1e-3]).fits
    assert "one run takes about" in sentence(owned[1e-3][0].verdict)


def test_what_is_only_considered_is_not_called_theirs():
    job, devices = make_job(), make_devices(*CATALOGUE)
    constraints = make_constraints(considering=[{"accelerator": "geforce-rtx-4090"}])
    need = need_of(job, constraints, devices=devices)
    (judged,) = judge(job, need, constraints=constraints, devices=devices, names=Names())

    assert sentence(judged.verdict).startswith("The geforce rtx 4090 can do this")
