"""How a pick shares the work, what it promises as a server and what feeds it, as facts beside the others."""

from app import formatting
from app.contract.answer import EstimateAnswer, InputAnswer, PlanAnswer, RangeAnswer, ServingAnswer
from app.languages import say

Fact = tuple[str, str]
"""A name and its value."""


def spread_facts(estimate: EstimateAnswer) -> tuple[Fact, ...]:
    """The facts of one estimate."""
    return (*_plan(estimate.plan), *_serving(estimate.serving), *_input(estimate.input_pipeline))


def _plan(plan: PlanAnswer | None) -> tuple[Fact, ...]:
    if plan is None or plan.data_parallel * plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel == 1:
        return ()
    told = [(say("Work shared by"), plan_in_words(plan))]
    if plan.bubble_fraction:
        told.append((say("Idle in the pipeline"), formatting.percent(plan.bubble_fraction)))
    if plan.communication_share is not None:
        told.append((say("Waiting for messages"), formatting.percent(plan.communication_share)))
    return tuple(told)


def plan_in_words(plan: PlanAnswer) -> str:
    """The degrees of a plan that are not one, its sharding and what it repeats.

    >>> plan_in_words(PlanAnswer(data_parallel=4, tensor_parallel=2, pipeline_parallel=1, expert_parallel=1,
    ...     context_parallel=1, sharding="zero1", micro_batch_size=1, gradient_accumulation=8, recompute="full",
    ...     bubble_fraction=0.0, communication_share=0.1, network="NVLink"))
    'data 4 × tensor 2, ZeRO-1, full recompute, over NVLink'
    """
    degrees = {
        say("data"): plan.data_parallel,
        say("tensor"): plan.tensor_parallel,
        say("pipeline"): plan.pipeline_parallel,
        say("context"): plan.context_parallel,
    }
    parts = [" × ".join(f"{name} {degree}" for name, degree in degrees.items() if degree > 1)]
    if plan.expert_parallel > 1:
        parts.append(say("experts over {count}", count=plan.expert_parallel))
    if plan.sharding.startswith("zero"):
        parts.append(f"ZeRO-{plan.sharding[-1]}")
    if plan.recompute in {"selective", "full"}:
        parts.append(say("full recompute") if plan.recompute == "full" else say("selective recompute"))
    if plan.network:
        parts.append(say("over {network}", network=plan.network))
    return ", ".join(part for part in parts if part)


def _serving(serving: ServingAnswer | None) -> tuple[Fact, ...]:
    if serving is None:
        return ()
    return (
        (say("First token after"), _milliseconds(serving.time_to_first_token_ms)),
        (say("A token every"), _milliseconds(serving.time_per_token_ms)),
        (say("Requests at a time"), requests_in_words(serving)),
        (say("With speculative decoding"), speculation_in_words(serving)),
    )


def requests_in_words(serving: ServingAnswer) -> str:
    """The largest concurrency, by latency and by memory."""
    within = formatting.exact(serving.concurrency_at_latency_target)
    target = formatting.number(serving.latency_target_ms)
    held = formatting.exact(serving.largest_concurrency)
    if serving.latency_target_of == "answer":
        return say(
            "{within} within {target} ms for an answer, {held} by memory", within=within, target=target, held=held
        )
    return say("{within} within {target} ms for a token, {held} by memory", within=within, target=target, held=held)


def speculation_in_words(serving: ServingAnswer) -> str:
    """What a draft model gains for one request and at this load."""
    gain = serving.speculative_decoding
    return say(
        "{one} times as fast for one request, {loaded} times at this load",
        one=formatting.number(gain.speedup_for_one),
        loaded=formatting.number(gain.speedup_at_this_load),
    )


def _milliseconds(time: RangeAnswer | None) -> str:
    return formatting.between(time.low, time.high, unit="ms") if time else formatting.unknown()


def _input(feeding: InputAnswer | None) -> tuple[Fact, ...]:
    if feeding is None:
        return ()
    return ((say("Loading and decoding"), feeding.text),)
