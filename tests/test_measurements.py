"""The published runs under bench/measurements: every line well formed, every source open to all."""

import json
import re
from collections import Counter, defaultdict
from datetime import date
from functools import cache

import pytest

from app.accuracy.cases import read_cases
from app.accuracy.origins import address_of
from app.accuracy.running import outcomes_of
from app.advisor import estimate
from app.catalogue.name_matches import Match
from app.contract.requests import EstimateRequest
from app.settings import ROOT
from app.web.pages.accuracy import CLASS_TITLES

FOLDER = ROOT / "bench" / "measurements"
FILES = sorted(FOLDER.glob("*.jsonl"))
LARGEST_BYTES = 450_000
NEEDED = {"id", "kind", "class", "group", "source", "read_on", "quality", "request", "measured"}
OPTIONAL = {"as_of", "note", "rank_set", "sealed"}
METRICS_OF = {
    "memory": {"memory_gib_per_device"},
    "throughput": {"throughput_total", "prefill_tokens_per_s", "decode_tokens_per_s"},
    "duration": {"duration_hours", "device_hours"},
    "classical": {"duration_hours"},
}
UNITS_OF = {
    "memory_gib_per_device": {"GiB"},
    "throughput_total": {"tokens/s", "samples/s"},
    "prefill_tokens_per_s": {"tokens/s"},
    "decode_tokens_per_s": {"tokens/s"},
    "duration_hours": {"hours"},
    "device_hours": {"hours"},
}
DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?|\d{4}-\d{4}")
"""A day, a month, a year or a span of years: as much as is told."""
OF_A_MACHINE = re.compile(r"(?i)(?<![\w.:/-])(?:/(?:home|root|tmp|work|mnt|users|var)/|[a-z]:\\|file://|localhost)")
OF_ITS_MAKING = re.compile(r"\b(?:[Ss]essions?|I|[Ww]e|[Mm]y|[Oo]ur|TODO|FIXME)\b")
BEHIND_A_SIGN_IN = re.compile(r"//(?:\w+\.)?(?:discord|facebook|linkedin|slack|twitter|x)\.com/")
ESTIMATED = 5
"""Of a file."""


@cache
def gathered(name: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def everything() -> list[dict]:
    return [run for path in FILES for run in gathered(path.name)]


each_file = pytest.mark.parametrize("name", [path.name for path in FILES])


@each_file
def test_every_line_is_a_case_of_known_keys(name):
    runs = gathered(name)
    amiss = [run["id"] for run in runs if not NEEDED <= set(run) <= NEEDED | OPTIONAL]

    assert runs
    assert amiss == []
    assert len(read_cases(json.dumps(run) for run in runs)) == sum(run["quality"] != "outlier" for run in runs)


@each_file
def test_kind_class_quality_and_what_was_measured_belong_together(name):
    amiss = [
        run["id"]
        for run in gathered(name)
        if run["measured"]["metric"] not in METRICS_OF.get(run["kind"], ())
        or run["class"] not in CLASS_TITLES
        or run["quality"] not in {"good", "noisy", "outlier"}
        or run.get("sealed", True) is not True
    ]

    assert amiss == []


@each_file
def test_a_figure_has_its_unit_and_a_bound_the_capacity_it_was_met_on(name):
    def sound(measured: dict) -> bool:
        if "bound" in measured:
            return measured["bound"] in {"fits", "oom"} and measured["capacity_gib"] > 0 and "value" not in measured
        return measured["value"] > 0 and measured["unit"] in UNITS_OF[measured["metric"]]

    assert [run["id"] for run in gathered(name) if not sound(run["measured"])] == []


@each_file
def test_a_run_leads_to_the_page_that_published_it(name):
    sources = {run["source"] for run in gathered(name)}
    addresses = {source: address_of(source) or "" for source in sources}

    assert {s: a for s, a in addresses.items() if not re.fullmatch(r"https://[\w.-]+\.[a-z]{2,}/\S+", a)} == {}
    assert [a for a in addresses.values() if BEHIND_A_SIGN_IN.search(a)] == []


@each_file
def test_the_days_of_a_run_are_days(name):
    read = {run["read_on"] for run in gathered(name)}
    told = {run["as_of"] for run in gathered(name) if "as_of" in run}

    assert all(date(2026, 1, 1) <= date.fromisoformat(day) for day in read)
    assert [day for day in told if not DAY.fullmatch(day) or int(day[:4]) not in range(2006, 2027)] == []


@each_file
def test_every_request_is_one_that_the_service_takes(name):
    for run in gathered(name):
        EstimateRequest.model_validate(run["request"])


@each_file
def test_every_device_is_in_the_catalogue(name, client):
    names = client.app.state.catalogue.current().hardware_names
    asked = {run["request"]["hardware"]["accelerator"] for run in gathered(name)}

    assert [each for each in asked if not isinstance(names.resolve(each), Match)] == []


@each_file
def test_a_file_is_small_and_speaks_of_the_runs_alone(name):
    text = (FOLDER / name).read_text(encoding="utf-8")

    assert len(text.encode()) < LARGEST_BYTES
    assert OF_A_MACHINE.findall(text) == []
    assert OF_ITS_MAKING.findall(text) == []


def test_no_two_runs_share_their_id():
    counted = Counter(run["id"] for run in everything())

    assert [each for each, times in counted.items() if times > 1] == []


def test_no_run_stands_in_two_sources():
    """Leaving a source out would leave the run in."""
    found = defaultdict(set)
    for run in everything():
        work = run["request"]["workload"]
        asked = [work.get(field) for field in ("model", "batch_size", "sequence_length", "prompt_tokens", "precision")]
        told = json.dumps([asked, run["request"]["hardware"], run["measured"]], sort_keys=True)
        found[re.sub("@[0-9a-f]+", "", run["source"]), told].add(run["group"])

    assert [where for where, groups in found.items() if len(groups) > 1] == []


def test_a_source_is_held_back_as_a_whole():
    held = defaultdict(set)
    for run in everything():
        held[run["group"]].add(run.get("sealed", False))

    assert [group for group, marks in held.items() if len(marks) > 1] == []


@each_file
def test_runs_from_all_over_a_file_get_an_estimate_in_their_unit(name, client):
    catalogue = client.app.state.catalogue.current()
    cases = [case for case in read_cases(json.dumps(run) for run in gathered(name)) if case.value]
    chosen = cases[len(cases) // (2 * ESTIMATED) :: len(cases) // ESTIMATED]

    found = outcomes_of(chosen, lambda asked: estimate(catalogue, asked.workload, hardware=asked.hardware))

    assert len(found) >= ESTIMATED
    assert {each.case.id: each.why_not for each in found if each.guess is None} == {}
