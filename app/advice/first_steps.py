"""First steps: what to do before spending money, in order."""

from app.advice.circumstances import Circumstances
from app.advice.reasons import Reason
from app.engine.model_spec import AlgorithmSpec

MOST_STEPS = 4


def first_steps(case: Circumstances) -> tuple[Reason, ...]:
    """Three or four things to do, in order."""
    return tuple(_steps(case))[:MOST_STEPS]


def _steps(case: Circumstances) -> list[Reason]:
    job = case.job
    if case.scenario == "no-gpu":
        return _without_a_card(case)
    serves = job.workload.task == "inference"
    if case.scenario == "cluster" and serves:
        return [Reason("step_serve_measure"), Reason("step_serve_less"), Reason("step_serve_spread")]
    if case.scenario == "cluster":
        return [
            Reason("step_measure_small"),
            Reason("step_smaller_way"),
            Reason("step_quotes"),
            Reason("step_checkpoints"),
        ]
    steps = []
    if any(each.fit == "unknown" for each in case.owned):
        steps.append(Reason("step_find_model"))
    if case.enough_owned is not None:
        steps.append(Reason("step_use_owned", {"name": case.enough_owned.name}))
    if not case.constraints.on_premises_only and (
        case.constraints.ownership == "rent" or case.scenario == "box-or-cloud"
    ):
        rented = ("step_rent_to_serve", "step_stop_serving") if serves else ("step_rent_one", "step_stop")
        steps.extend(Reason(code) for code in rented)
    elif case.enough_owned is None:
        steps.append(Reason("step_try_free"))
    steps.append(Reason("step_measure_training" if job.training else "step_measure_running"))
    steps.append(Reason("step_check_used"))
    if case.best is not None and case.enough_owned is None and case.constraints.ownership != "rent":
        steps.append(Reason("step_check_case"))
    return steps


def _without_a_card(case: Circumstances) -> list[Reason]:
    if isinstance(case.job.model, AlgorithmSpec):
        return [Reason("step_small_table"), Reason("step_all_cores"), Reason("step_measure_fit")]
    if case.job.workload.task == "learn":
        return [Reason("step_start_course"), Reason("step_free_notebook")]
    if case.job.training:
        return [Reason("step_start_small"), Reason("step_free_notebook"), Reason("step_measure_training")]
    return [Reason("step_run_on_processor"), Reason("step_measure_running")]
