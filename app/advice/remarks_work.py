"""Remarks that an expert makes about this kind of work: each for a fact that was stated or computed."""

from app.advice.buy_or_rent import electricity
from app.advice.circumstances import Circumstances, Remarks, note, problem
from app.advice.host import folding_databases_gb, holds_more_than_the_table
from app.advice.market import Market
from app.advice.reference_cards import ordinary_cpu_row
from app.advice.tables import where_a_card_pays
from app.engine.classical_cost import SAME_AS, slug_of
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.science import searches_before_folding
from app.engine.units import GB, GIB, GIGA, HOURS_PER_MONTH, TERA, WATTS_PER_KILOWATT

WORTH_A_CARD_HOURS = 1.0 / 6
"""A fit that takes this long on a processor is worth a thought about a card: ten minutes. [h]"""
ORDINARY_RAM_GB = 32
"""Memory that an ordinary computer has or is easily given. [GB]"""
LARGEST_USUAL_RAM_GB = 1024
"""Memory of the largest server that people rent or buy for tables; beyond it another method is the answer. [GB]"""
LARGER_PARAMETERS = 7 * GIGA
"""A language model from here on asks for a card, unless few of its parameters work on each token."""
BUSY_HOURS_PER_MONTH = 50.0
"""From this use on, electricity is worth a sentence. [h/month]"""
CLEARLY_LESS_FRACTION = 0.8
"""A marketplace that asks less than this share of the price compared with is worth a sentence."""
NOTEBOOK_SESSION_HOURS = 9.0
"""Free sessions end after about this long: 12 h at most on Kaggle, less on Colab. [h]"""
LEARNED_FROM_PICTURES = frozenset({"vision_train", "detection_train", "segmentation_train"})
WITH_READY_MADE_MODELS = frozenset(
    {
        *LEARNED_FROM_PICTURES,
        "medical_3d",
        "nlp_encoder_train",
        "seq2seq_train",
        "audio_train",
        "llm_pretrain",
        "diffusion_train",
        "video_train",
        "gan",
        "science",
    }
)
MIXED_PRECISIONS = frozenset({"amp", "bf16", "fp16"})


def work_remarks(case: Circumstances) -> Remarks:
    """What to know about this kind of work."""
    if isinstance(case.job.model, AlgorithmSpec):
        yield from _tables(case, case.job.model)
    yield from _small_networks(case)
    if case.job.training and case.need.run_hours is None and case.need.cpu_hours is None:
        yield note("duration_unknown")
    yield from _ways_without_buying(case)
    yield from _training_habits(case)
    yield from _running(case)
    yield from _on_windows(case)
    yield from _comparison(case)
    yield from _electricity(case)
    yield from _renting(case)


def _tables(case: Circumstances, model: AlgorithmSpec) -> Remarks:
    rows, hours, card_hours = case.job.rows, case.need.cpu_hours, case.need.consumer_gpu_hours
    helps = not model.gpu_helps.lower().startswith("no")
    pays = where_a_card_pays(case.job, case.devices) if helps else None
    if pays is not None:
        yield note(pays.code, **pays.values)
    may_pay = helps and (pays is None or pays.code != "table_card_never_pays")
    if may_pay and rows and hours and hours < WORTH_A_CARD_HOURS:
        worth = _two_figures(rows * WORTH_A_CARD_HOURS / hours)
        from_rows = None if pays is None else pays.values.get("rows")
        if isinstance(from_rows, float) and from_rows <= rows and card_hours and card_hours < hours:
            yield note("table_too_quick_for_a_card", rows=worth, hours=hours, card_hours=card_hours)
        else:
            yield note("table_size_for_a_card", rows=worth, now=rows)
    elif may_pay and case.scenario == "no-gpu" and hours and card_hours and card_hours < hours / 2:
        yield note("table_card_faster", hours=hours, card_hours=card_hours)
    elif helps and case.scenario == "no-gpu" and pays is None:
        yield note("table_millions")
    elif not helps:
        yield note("table_never_a_card", name=model.name)
    yield note("table_libraries", gpu_library=model.gpu_library or "XGBoost, LightGBM, CatBoost and cuML")
    held = case.need.cpu_memory_bytes
    if held is not None and holds_more_than_the_table(case.job, case.need):
        too_much = held > LARGEST_USUAL_RAM_GB * GB
        say = problem if too_much else note
        yield say(_lighter_method(model, too_much=too_much), held_gib=held / GIB, largest_gb=LARGEST_USUAL_RAM_GB)


def _lighter_method(model: AlgorithmSpec, *, too_much: bool) -> str:
    """What to do about a method that holds much more than its table."""
    kind = SAME_AS.get(slug_of(model.name), "")
    way = {"forest": "trees", "gaussian-process": "kernel"}.get(kind, "rows")
    return f"table_method_too_large_{way}" if too_much else f"table_method_large_{way}"


def _two_figures(value: float) -> float:
    return float(f"{value:.1e}")


def _small_networks(case: Circumstances) -> Remarks:
    job, hours = case.job, case.need.cpu_hours
    if job.work_class == "rl":
        pixels = job.workload.observations == "pixels"
        yield note("agents_pixels" if pixels else "agents_vector")
    elif job.work_class in {"tabular_nn", "timeseries"} and job.samples and hours and job.workload.task == "train":
        yield note("network_table_size", rows=_two_figures(job.samples * max(1.0, 1.0 / hours)), now=job.samples)


def _ways_without_buying(case: Circumstances) -> Remarks:
    need, job = case.need, case.job
    small = case.scenario in {"no-gpu", "one-gpu"} or case.decision.tier.slug in {"entry", "mid"}
    classical = isinstance(job.model, AlgorithmSpec)
    names = free_notebooks(case.market)
    if small and not case.constraints.on_premises_only and names:
        fits = need.notebook_fits and not classical
        if fits and need.notebook_hours is not None and need.notebook_hours > NOTEBOOK_SESSION_HOURS:
            yield note("notebook_long", names=names, hours=need.notebook_hours)
        elif fits and need.notebook_hours is not None:
            yield note("notebook_hours", names=names, hours=need.notebook_hours)
        elif fits or classical or job.workload.task == "learn":
            yield note("notebook", names=names)
        else:
            yield note("notebook_too_small", names=names)
    wants_to_buy = case.constraints.ownership == "buy"
    if small and not wants_to_buy and case.enough_owned is None and job.workload.task != "inference":
        if case.scenario == "one-gpu" and not case.constraints.on_premises_only:
            yield note("do_not_buy_yet")
        elif case.scenario == "no-gpu" and case.host.ram_gb <= ORDINARY_RAM_GB:
            yield note("nothing_to_buy")


def free_notebooks(market: Market) -> tuple[str, ...]:
    """Names of the providers that lend a GPU for nothing."""
    free = {offer.provider for offer in market.offers if offer.usd_per_hour_on_demand == 0}
    return tuple(p.name for p in market.providers if p.slug in free and p.status == "active")


def _training_habits(case: Circumstances) -> Remarks:
    job = case.job
    if not job.training or isinstance(job.model, AlgorithmSpec):
        return
    if job.work_class in WITH_READY_MADE_MODELS and job.workload.task in {"train", "pretrain"}:
        yield note("adapt_ready_made")
    if job.precision in MIXED_PRECISIONS and job.workload.precision is None and case.scenario != "no-gpu":
        yield note("mixed_precision")
    if job.work_class in LEARNED_FROM_PICTURES and case.cards:
        yield note("settings_before_buying")
    if job.work_class == "medical_3d":
        yield note("scans_loading")
    if case.constraints.portable and case.scenario == "one-gpu":
        yield note("portable_heat")


def _running(case: Circumstances) -> Remarks:
    job, model = case.job, case.job.model
    if job.training or isinstance(model, AlgorithmSpec):
        return
    if isinstance(model, TransformerSpec) and model.architecture == "decoder":
        yield note("decode_bandwidth")
        if case.scenario == "no-gpu":
            yield note("larger_model_changes" if model.parameters < LARGER_PARAMETERS else "still_larger_model_changes")
    if isinstance(model, DiffusionSpec):
        yield note("offload_pictures" if "video" not in model.modality else "offload_video")
    if job.workload.frames_per_second or job.workload.latency_ms:
        yield note("edge_modules")
    if isinstance(model, NetworkSpec) and case.scenario == "no-gpu" and not job.workload.frames_per_second:
        yield note("many_at_once_changes")
    if isinstance(model, NetworkSpec) and searches_before_folding(model):
        all_gb, small_gb = folding_databases_gb()
        yield note("folding_databases", all_tb=all_gb / 1000, small_tb=small_gb / 1000)


def _on_windows(case: Circumstances) -> Remarks:
    """Tools that are made for Linux, for those who train or run large models on Windows."""
    job, system = case.job, (case.constraints.os or "").lower()
    if "windows" not in system or isinstance(job.model, AlgorithmSpec) or case.scenario == "no-gpu":
        return
    if job.training or isinstance(job.model, TransformerSpec | DiffusionSpec):
        yield note("on_windows")


def _comparison(case: Circumstances) -> Remarks:
    """One card against processors: compare arithmetic and bandwidth, never core counts."""
    row = ordinary_cpu_row(case.devices)
    card = case.by_slug.get(case.need.smallest_single_gpu or "") if case.best is None else case.best.device
    if row is None or card is None or not case.job.training or case.scenario not in {"one-gpu", "box-or-cloud"}:
        return
    cpu = case.devices.accelerators[row]
    rate, cpu_rate = card.peak.bf16 or card.peak.fp16 or card.peak.fp32, cpu.peak.fp32
    several = case.best is not None and case.best.count > 1
    if card.kind == "cpu" or several or not rate or not cpu_rate:
        return
    yield note(
        "one_card_first",
        name=card.name,
        tflops=rate / TERA,
        cpu_tflops=cpu_rate / TERA,
        bandwidth=card.memory_bandwidth_bytes_per_s / GB,
        cpu_bandwidth=cpu.memory_bandwidth_bytes_per_s / GB,
    )


def _electricity(case: Circumstances) -> Remarks:
    best, hours = case.best, case.need.monthly_hours
    hours = None if hours is None else min(hours, HOURS_PER_MONTH)
    if best is None or hours is None or best.device.tdp_w is None or case.scenario != "box-or-cloud":
        return
    if case.constraints.ownership == "rent":
        return
    asked_for = case.constraints.ownership in {"buy", "either"} or case.constraints.on_premises_only
    if hours < BUSY_HOURS_PER_MONTH and not asked_for:
        return
    price = electricity(case.constraints, case.market)
    kwh = best.device.tdp_w * best.count * hours / WATTS_PER_KILOWATT
    yield note("electricity", kwh=kwh, hours=hours, usd=kwh * price.value, usd_per_kwh=price.value)


def _renting(case: Circumstances) -> Remarks:
    if case.constraints.on_premises_only and case.constraints.ownership == "rent":
        yield problem("rent_on_premises")
    if not case.cloud or case.scenario == "no-gpu":
        return
    kinds = {p.slug: p.kind for p in case.market.providers}
    meant = case.scenario in {"box-or-cloud", "cluster"}
    if meant and any(kinds.get(option.provider) == "hyperscaler" for option in case.cloud):
        yield note("quota")
    yield from _marketplaces(case)
    if case.constraints.ownership == "rent" or case.scenario == "cluster":
        yield note("stop_the_meter")
        if case.job.training and case.constraints.spot_ok is not False:
            yield note("spot_machines")


def _marketplaces(case: Circumstances) -> Remarks:
    """Offers beside which the one that was compared with buying looks dear, and why it was taken nevertheless."""
    compared = case.buy_or_rent.rent if case.buy_or_rent else None
    if compared is None or compared.provider_kind == "marketplace" or compared.total_usd is None:
        return
    most_usd = compared.total_usd.expected * CLEARLY_LESS_FRACTION
    cheaper = [
        option
        for option in case.cloud
        if option.provider_kind == "marketplace" and option.total_usd and option.total_usd.expected < most_usd
    ]
    if cheaper:
        least = min(option.usd_per_hour for option in cheaper)
        yield note("marketplaces_cheaper", usd=least, provider=compared.provider_name)
