"""Laws of the plans that are found, tried on jobs and systems that nobody thought of."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.engine.estimate import estimate
from app.engine.hardware import Devices, PeakRates, Plan, systems_of
from app.engine.hardware_family import families
from app.engine.parallelism import default_plan
from app.engine.plan_rows import ladder_of, one_system, picked
from app.engine.plans import is_legal, plan_of
from app.engine.training_plans import FINER_RECOMPUTE
from tests.engine.jobs import H100, MI300X, RTX_4090, TPU_V4, make_accelerator, make_job, make_moe, make_spec

CHECKED = settings(
    derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
SAME = 1 + 1e-9
SMALL = make_spec(
    "small", parameters=124e6, active_parameters=124e6, num_hidden_layers=12, hidden_size=768, intermediate_size=3072,
    num_attention_heads=12, num_key_value_heads=12, head_dim=64, vocab_size=50_257, gated_ffn=False,
)  # fmt: skip
LARGE = make_spec(
    "large", parameters=70.55e9, active_parameters=70.55e9, num_hidden_layers=80, hidden_size=8192,
    intermediate_size=28_672, num_attention_heads=64,
)  # fmt: skip
specs = st.sampled_from((SMALL, make_spec(), LARGE, make_moe()))
cards = st.sampled_from((H100, RTX_4090, TPU_V4, MI300X, make_accelerator()))
counts = st.sampled_from((2, 4, 8, 16, 64, 256))


@st.composite
def trainings(draw):
    """A job of training on text: some fields given, the rest left to the search."""
    task = draw(st.sampled_from(("pretrain", "train", "finetune")))
    asked = {"task": task, "precision": draw(st.sampled_from(("bf16", "amp")))}
    if task == "finetune":
        asked["method"] = draw(st.sampled_from(("full", "lora", "qlora")))
    optional = {
        "batch_size": st.sampled_from((1, 4, 16)),
        "sequence_length": st.sampled_from((512, 4096, 65_536)),
        "gradient_checkpointing": st.booleans(),
        "framework": st.sampled_from(("pytorch", "megatron", "deepspeed", "jax")),
        "optimizer": st.sampled_from(("adamw", "adamw8bit", "sgd")),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(optional))))
    return make_job(draw(specs), **asked, **{name: draw(optional[name]) for name in sorted(chosen)})


@st.composite
def servings(draw):
    """A job of serving text to so many people."""
    asked = {
        "precision": draw(st.sampled_from(("bf16", "fp8", "int4"))),
        "framework": draw(st.sampled_from(("vllm", "pytorch"))),
        "prompt_tokens": draw(st.sampled_from((10, 1000, 30_000))),
        "output_tokens": draw(st.sampled_from((1, 200, 2000))),
        "concurrent_requests": draw(st.sampled_from((1, 7, 64))),
    }
    return make_job(draw(specs), **asked)


jobs = st.one_of(trainings(), servings())


def planned(job, *devices, counts):
    """The systems with the plans that are found, and their estimates."""
    count = np.array(counts, dtype=float)
    nodes, columns = np.ceil(count / 8), Devices(tuple(devices))
    systems = systems_of(columns, count=count, nodes=nodes, plan=default_plan(job, columns, count=count, nodes=nodes))
    return systems, estimate(job, systems)


@CHECKED
@given(job=jobs, card=cards)
def test_more_devices_never_need_more_memory_each(job, card):
    _, answer = planned(job, *[card] * 6, counts=[2, 8, 32, 64, 128, 512])

    needed = answer.memory_bytes.expected
    assert np.all(needed[1:] <= needed[:-1] * SAME)


def test_a_server_that_long_prompts_fill_needs_no_more_on_more_devices():
    job = make_job(precision="fp8", framework="vllm", prompt_tokens=30_000, output_tokens=200, concurrent_requests=64)

    _, answer = planned(job, *[RTX_4090] * 3, counts=[2, 8, 32])

    needed = answer.memory_bytes.expected
    assert np.all(needed[1:] <= needed[:-1] * SAME)


def test_thousands_of_devices_do_not_idle_in_a_pipeline_to_save_memory():
    huge = make_spec(
        "llama-3.1-405b", parameters=405e9, num_hidden_layers=126, hidden_size=16_384, intermediate_size=53_248,
        num_attention_heads=128, num_key_value_heads=8, head_dim=128,
    )  # fmt: skip
    job = make_job(huge, task="pretrain", precision="bf16", sequence_length=8192)
    _, answer = planned(job, H100, counts=[4096])

    assert answer.pace.bubble_fraction[0] < 0.3


@CHECKED
@given(job=jobs, card=cards, count=counts)
def test_a_plan_is_legal_and_uses_whole_devices(job, card, count):
    systems, _ = planned(job, card, counts=[count])
    plan = systems.plan
    cut = plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel

    assert count % cut[0] == 0
    assert plan.data_parallel[0] * cut[0] <= count
    assert is_legal(
        job.model, tensor_parallel=int(plan.tensor_parallel[0]), pipeline_parallel=int(plan.pipeline_parallel[0]),
        expert_parallel=int(plan.expert_parallel[0]),
    )  # fmt: skip


@CHECKED
@given(job=trainings(), card=cards, count=counts, stage=st.sampled_from((0.0, 3.0)))
def test_where_a_simple_plan_fits_the_plan_found_fits_too(job, card, count, stage):
    systems, found = planned(job, card, counts=[count])
    simple = replace(systems, plan=plan_of(systems.count, zero_stage=stage))
    other = estimate(job, simple)
    assume(other.fits[0] == 1)

    assert found.fits[0] == 1


@CHECKED
@given(job=jobs, card=cards, count=counts)
def test_shares_are_shares_and_nothing_is_negative_or_unknown(job, card, count):
    _, answer = planned(job, card, counts=[count])
    pace = answer.pace

    assert 0 <= pace.communication_share[0] <= 1
    assert 0 <= pace.bubble_fraction[0] < 10
    for value in (answer.memory_bytes.high, answer.throughput_per_s.low, pace.step_s, pace.units_per_step):
        assert np.isfinite(value[0])
        assert value[0] > 0


@CHECKED
@given(
    job=trainings(),
    card=cards,
    count=counts,
    degree=st.sampled_from((1, 2, 4)),
    factor=st.sampled_from((1.01, 1.5, 4.0)),
)
@pytest.mark.parametrize("what", ["peak", "memory", "links"])
def test_in_the_same_plan_faster_hardware_is_never_slower(what, job, card, count, degree, factor):
    assume(count % degree == 0)
    rates = {rate.name: getattr(card.peak, rate.name) for rate in fields(PeakRates)}
    changes = {
        "peak": {"peak": PeakRates(**{name: value and value * factor for name, value in rates.items()})},
        "memory": {"memory_bandwidth_bytes_per_s": card.memory_bandwidth_bytes_per_s * factor},
        "links": {
            "interconnect_bytes_per_s": card.interconnect_bytes_per_s and card.interconnect_bytes_per_s * factor,
            "pcie_bytes_per_s": card.pcie_bytes_per_s and card.pcie_bytes_per_s * factor,
        },
    }[what]
    devices, ones = Devices((card, replace(card, slug="faster", **changes))), np.ones(2)
    plan = plan_of(ones * count, tensor=ones * degree, zero_stage=3.0)

    rate = estimate(job, systems_of(devices, count=ones * count, nodes=np.ceil(ones * count / 8), plan=plan))

    assert rate.throughput_per_s.expected[1] * SAME >= rate.throughput_per_s.expected[0]


@CHECKED
@given(
    card=cards,
    count=st.sampled_from((8, 64)),
    batch=st.sampled_from((1, 4)),
    levels=st.sets(st.sampled_from(FINER_RECOMPUTE), min_size=2, max_size=2),
)
def test_repeating_more_needs_less_and_takes_longer(card, count, batch, levels):
    job = make_job(task="pretrain", precision="bf16", sequence_length=4096)
    ones = np.ones(2)
    recompute = np.array(sorted(levels))
    plan = replace(plan_of(ones * count, zero_stage=3.0), micro_batch=ones * batch, recompute=recompute)

    answer = estimate(job, systems_of(Devices((card, card)), count=ones * count, nodes=ones * count / 8, plan=plan))

    needed, rate = answer.memory_bytes.expected, answer.throughput_per_s.expected
    assert needed[1] <= needed[0] * SAME
    assert rate[1] <= rate[0] * SAME


@pytest.mark.parametrize("card", [H100, RTX_4090])
def test_one_device_is_used_as_well_as_two_where_nobody_says_a_batch(card):
    job = make_job(SMALL, task="pretrain", precision="bf16", sequence_length=1024)

    _, answer = planned(job, card, counts=[1])
    _, of_two = planned(job, card, counts=[2])

    alone, together = (each.throughput_per_s.expected[0] for each in (answer, of_two))
    assert answer.fits[0] == 1
    assert together / 2 <= alone * SAME


def test_a_batch_that_somebody_said_is_kept_on_one_device():
    job = make_job(SMALL, task="pretrain", precision="bf16", sequence_length=1024, batch_size=3)

    systems, _ = planned(job, H100, counts=[1])

    assert np.isnan(systems.plan.micro_batch).all()


def test_a_plan_that_can_be_tried_uses_more_of_a_clusters_memory_and_is_no_slower():
    job = make_job(LARGE, task="pretrain", precision="bf16", sequence_length=8192)
    devices, count, nodes = Devices((H100,)), np.array([256.0]), np.array([32.0])

    def answer(*, tried):
        plan = default_plan(job, devices, count=count, nodes=nodes, tried=tried)
        return estimate(job, systems_of(devices, count=count, nodes=nodes, plan=plan))

    safe, known = answer(tried=False), answer(tried=True)

    assert safe.fits[0] == 1
    assert known.memory_bytes.expected[0] < known.usable_memory_bytes[0] * 0.9
    assert known.memory_bytes.expected[0] >= safe.memory_bytes.expected[0]
    assert known.throughput_per_s.expected[0] >= safe.throughput_per_s.expected[0]


def test_a_batch_that_somebody_states_was_tried_and_keeps_what_fits_as_expected():
    job = make_job(SMALL, task="pretrain", precision="bf16", sequence_length=2048, batch_size=24, framework="pytorch")
    devices, count, nodes = Devices((H100,)), np.array([8.0]), np.array([1.0])

    def answer(*, tried):
        plan = default_plan(job, devices, count=count, nodes=nodes, tried=tried)
        systems = systems_of(devices, count=count, nodes=nodes, plan=plan)
        return plan, estimate(job, systems)

    (_, safe), (plan, stated) = answer(tried=False), answer(tried=True)

    assert plan.tensor_parallel[0] == 1
    assert stated.memory_bytes.expected[0] < stated.usable_memory_bytes[0] * 0.9
    assert stated.memory_bytes.expected[0] > safe.memory_bytes.expected[0]
    assert stated.throughput_per_s.expected[0] > safe.throughput_per_s.expected[0]


def test_a_network_between_machines_is_slower_than_links_inside():
    job = make_job(task="pretrain", precision="bf16", batch_size=1, sequence_length=2048)
    ones = np.ones(2)
    plan = plan_of(ones * 8, zero_stage=3.0)

    systems = systems_of(Devices((H100, H100)), count=ones * 8, nodes=np.array([1.0, 8.0]), plan=plan)
    share = estimate(job, systems).pace.communication_share

    assert share[1] > share[0]


def test_a_long_text_is_cut_where_nothing_else_fits():
    job = make_job(LARGE, task="pretrain", precision="bf16", batch_size=1, sequence_length=131_072)

    systems, answer = planned(job, H100, counts=[512])

    assert systems.plan.context_parallel[0] > 1
    assert answer.fits[0] == 1


def test_experts_are_spread_over_replicas():
    job = make_job(make_moe(), task="pretrain", precision="bf16", sequence_length=4096)

    systems, _ = planned(job, H100, counts=[64])

    assert systems.plan.expert_parallel[0] in {1, 2, 4, 8}
    assert is_legal(job.model, tensor_parallel=1, expert_parallel=int(systems.plan.expert_parallel[0]))


def test_a_ladder_holds_each_smaller_system_once():
    ladder = ladder_of(Devices((H100, H100, RTX_4090)), count=np.array([8.0, 4.0, 8.0]), nodes=np.ones(3))

    assert sorted(ladder.count) == [1, 1, 2, 2, 4, 4, 8, 8]
    assert ladder.count[ladder.places].tolist() == [8, 4, 8]
    assert all(np.all(ladder.count[ladder.half[level]] <= ladder.count[level]) for level in ladder.levels)


def test_entries_are_picked_from_broadcast_plans():
    row = np.array([[1.0], [2.0]])
    plan = Plan(np.array([[8.0, 16.0], [4.0, 8.0]]), row, row, row, row, row)

    chosen = picked(plan, np.array([1, 0]), np.array([0, 1]), shape=(2, 2))

    assert chosen.data_parallel.tolist() == [4, 16]
    assert chosen.tensor_parallel.tolist() == [2, 1]
    assert np.isnan(chosen.micro_batch).all()


def test_one_row_can_be_looked_at_alone():
    job = make_job(task="pretrain", precision="bf16", sequence_length=2048)
    systems, answer = planned(job, H100, RTX_4090, counts=[16, 8])

    alone = estimate(job, one_system(systems, 1))

    assert alone.throughput_per_s.expected[0] == pytest.approx(answer.throughput_per_s.expected[1])
    assert alone.memory_bytes.expected[0] == pytest.approx(answer.memory_bytes.expected[1])


def test_devices_taken_keep_the_columns_that_are_known():
    devices = Devices((H100, RTX_4090, MI300X))
    known = (devices.memory_bytes, devices.peak_flops_per_s("bf16"), families(devices), devices.linked)

    taken = devices.take([2, 0, 0])

    fresh = Devices((MI300X, H100, H100))
    assert taken.accelerators == fresh.accelerators
    assert taken.memory_bytes.tolist() == fresh.memory_bytes.tolist() == known[0][[2, 0, 0]].tolist()
    assert taken.peak_flops_per_s("bf16").tolist() == fresh.peak_flops_per_s("bf16").tolist()
    assert (families(taken), taken.linked.tolist()) == (families(fresh), fresh.linked.tolist())
