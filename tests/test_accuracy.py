"""Scores of estimates against measurements, worked by hand; and the three doors that show them."""

import json
import math

import pytest
from typer.testing import CliRunner

from app.accuracy.cases import Case, read_cases
from app.accuracy.decisions import fit_decisions, ranking
from app.accuracy.left_out import Residual, left_out, spread_of, weighted_quantile
from app.accuracy.origins import address_of, publisher_of
from app.accuracy.outcomes import Guess, Outcome, outcome_of
from app.accuracy.report import report_of, shipped
from app.accuracy.scoring import means, score
from app.cli import build
from app.contract.answer import EstimateAnswer
from app.errors import Unprocessable
from app.settings import ROOT

RUN = {
    "id": "a",
    "kind": "throughput",
    "class": "vision_train",
    "group": "somebody",
    "source": "github:somebody/benchmark@0123abcd45:README.md",
    "request": {
        "workload": {"task": "train", "domain": "vision", "model": {"name": "resnet-50"}, "batch_size": 64},
        "hardware": {"accelerator": "RTX 3090"},
    },
    "measured": {"metric": "throughput_total", "value": 400.0, "unit": "samples/s"},
}


def outcome(value=100.0, *, expected=100.0, low=80.0, high=120.0, **changes) -> Outcome:
    fields = {"kind": "throughput", "work_class": "vision_train", "source": "s", "bound": None, "capacity_gib": None}
    fields |= {"metric": "throughput_total", "rank_set": None, "accelerator": "card", "said": None} | changes
    said, accelerator = fields.pop("said"), fields.pop("accelerator")
    case = Case(
        id="a", origin="github:a/b@0123:c", quality="good", unit="samples/s", value=value,
        request={"workload": {"task": "train"}, "hardware": {"accelerator": accelerator}}, **fields,
    )  # fmt: skip
    return Outcome(case, None if expected is None else Guess(expected, low, high), said=said)


def test_errors_bias_coverage_and_width_are_those_of_the_definition():
    found = score(
        [outcome(expected=110), outcome(expected=130, low=110), outcome(expected=100), outcome(expected=None)]
    )

    assert found.cases == 4
    assert found.answered == 0.75
    assert found.median_error == pytest.approx(0.1)
    assert found.upper_error == pytest.approx(0.3)
    assert found.bias == pytest.approx(1.1)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.width == pytest.approx(1.5)


def test_a_group_without_answers_has_no_figures():
    found = score([outcome(expected=None)])

    assert (found.cases, found.answered, found.median_error, found.coverage) == (1, 0, None, None)


def test_small_classes_stay_out_of_the_mean():
    large, small = score([outcome(expected=110)] * 10), score([outcome(expected=200)] * 9)

    assert means([large, small]).median_error == pytest.approx(0.1)
    assert means([large, small]).classes == 1


def test_only_pairs_of_different_devices_that_differ_count_in_the_order():
    members = [
        outcome(100, expected=90, rank_set="x", accelerator="slow"),
        outcome(200, expected=150, rank_set="x", accelerator="fast"),
        outcome(204, expected=140, rank_set="x", accelerator="equal to fast"),
        outcome(400, expected=80, rank_set="x", accelerator="misjudged"),
        outcome(50, expected=20, rank_set="x", accelerator="slow"),
        outcome(10, expected=20, rank_set="alone"),
    ]

    found = ranking(members)

    assert (found.sets, found.pairs) == (1, 8)
    assert found.right == pytest.approx(5 / 8)


def test_a_pair_without_an_answer_is_not_right():
    members = [
        outcome(100, expected=None, rank_set="x", accelerator="a"),
        outcome(200, rank_set="x", accelerator="b"),
    ]

    found = ranking(members)

    assert (found.right, found.unanswered) == (0, 1)


def test_fit_decisions_are_asked_near_the_need():
    memory = {"kind": "memory", "metric": "memory_gib_per_device"}
    needs_20 = outcome(20, expected=11, **memory)

    found = fit_decisions([needs_20])

    assert found.decisions == 5  # 12, 16, 24, 32 and 40 GiB
    assert found.false_fit == 1
    assert found.false_refusal == 0


def test_a_known_outcome_can_contradict_the_word():
    memory = {"kind": "memory", "metric": "memory_gib_per_device", "capacity_gib": 24.0}
    bounds = [
        outcome(None, bound="oom", said="fits", **memory),
        outcome(None, bound="oom", said="tight", **memory),
        outcome(None, bound="fits", said="fits", **memory),
    ]

    found = fit_decisions(bounds)

    assert (found.known, found.contradicted) == (3, 1)


def test_a_large_source_weighs_by_the_root_of_its_runs():
    many = [Residual("many", 1.0, 1.0)] * 120
    few = [Residual("few", 3.0, 1.0)] * 20

    assert weighted_quantile([*many, *few], 0.75) == 1  # sixty of eighty
    assert weighted_quantile([*many, *few], 0.76) == 3


def test_whole_runs_of_one_source_tell_little_more_than_one_of_them():
    many, few = (
        [Residual(source, ratio, 1.0) for ratio in ratios] for source, ratios in (("a", [1.0] * 60), ("b", [3.0]))
    )

    assert weighted_quantile([*many, *few], 0.6, alike=0.7) == 3
    assert spread_of([*many, *few], "duration_hours")[1] > spread_of([*many, *few], "throughput_total")[1]


def test_an_interval_is_wider_the_fewer_sources_tell():
    one = spread_of([Residual("a", 1.0, 1.0)] * 40, "throughput_total")
    two = spread_of([Residual("a", 1.0, 1.0)] * 20 + [Residual("b", 1.0, 1.0)] * 20, "throughput_total")

    assert one[0] < two[0] < 1 < two[1] < one[1]
    assert one[1] == pytest.approx(math.exp(1.2816 * 0.18))


def test_a_source_is_held_against_the_others_alone():
    odd = [outcome(300, expected=100, source="odd")] * 40
    usual = [outcome(100 + i, expected=100, source="usual") for i in range(40)]

    (found,) = left_out([*odd, *usual])

    assert [(one.source, one.coverage) for one in found.sources] == [("odd", 0), ("usual", 1)]
    unseen = 1.2816 * 0.18
    assert found.sources[0].width == pytest.approx(math.exp(unseen + math.hypot(math.log(1.35), unseen)), rel=0.01)


def test_generations_can_be_left_out_instead():
    runs = [outcome(accelerator=card) for card in ("old", "new", "new")]

    (found,) = left_out(runs, name_of=lambda one: one.case.accelerator)

    assert [(one.source, one.cases) for one in found.sources] == [("new", 2), ("old", 1)]


def test_a_case_file_names_the_line_that_is_wrong():
    with pytest.raises(Unprocessable, match="Line 2"):
        read_cases([json.dumps(RUN), '{"request": {}}'])


def test_outliers_are_not_scored():
    assert len(read_cases([json.dumps(RUN), "", json.dumps({**RUN, "quality": "outlier"})])) == 1


def test_an_answer_in_another_unit_is_no_answer(client):
    (case,) = read_cases([json.dumps({**RUN, "measured": {**RUN["measured"], "unit": "tokens/s"}})])
    answer = EstimateAnswer.model_validate(client.post("/estimate", json=RUN["request"]).json())

    found = outcome_of(case, answer)

    assert (found.guess, found.why_not) == (None, "samples/s for tokens/s")
    assert found.off_by == 1


@pytest.mark.parametrize(
    ("origin", "address", "publisher"),
    [
        ("github:a/b@0123abcd:x y/c.md#L7", "https://github.com/a/b/blob/0123abcd/x%20y/c.md#L7", "a/b"),
        ("github:a/b@0123abcd:c.md (pasted copy)", "https://github.com/a/b/blob/0123abcd/c.md", "a/b"),
        ("github:a/b docs/c.md (a table)", "https://github.com/a/b", "a/b"),
        ("https://example.org/paper (reading) ; more", "https://example.org/paper", "example.org"),
        ("pypi:something==1.0:file", None, "something"),
        (
            "pypi:mmdet==3.3.0:mmdet/.mim/configs/a.yml",
            "https://github.com/open-mmlab/mmdetection/blob/v3.3.0/configs/a.yml",
            "open-mmlab/mmdetection",
        ),
        ("a letter", None, "a letter"),
    ],
)
def test_an_origin_leads_to_its_publication(origin, address, publisher):
    assert (address_of(origin), publisher_of(origin)) == (address, publisher)


def test_the_worst_cases_show_different_faults():
    report = report_of(
        [outcome(100, expected=100 * factor, source=source) for source in "ab" for factor in (2, 3, 4, 5)],
        version="1", as_of=shipped().as_of,
    )  # fmt: skip

    assert [case.off_by for case in report.worst] == [5, 5, 4, 4]


def test_the_command_scores_a_file(client, database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", database_url)
    file = tmp_path / "cases.jsonl"
    refused = {**RUN, "id": "b", "request": {**RUN["request"], "hardware": {"accelerator": "RTX 4909"}}}
    file.write_text("\n".join(json.dumps(case) for case in (RUN, refused)), encoding="utf-8")

    done = CliRunner().invoke(build(), ["accuracy", str(file), "--output", "json"])
    told = CliRunner().invoke(build(), ["accuracy", str(file)])

    report = json.loads(done.stdout)
    assert (done.exit_code, told.exit_code) == (0, 0)
    assert report["cases"] == 2
    assert report["kinds"][0]["pooled"]["answered"] == 0.5
    assert report["unanswered"] == {"refused request": 1}
    assert "throughput by class" in told.stdout


def test_a_file_that_is_wrong_ends_with_2(client, database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", database_url)
    file = tmp_path / "cases.jsonl"
    file.write_text("no json", encoding="utf-8")

    assert CliRunner().invoke(build(), ["accuracy", str(file)]).exit_code == 2
    assert CliRunner().invoke(build(), ["accuracy", str(tmp_path / "missing")]).exit_code == 2


def test_the_pages_show_every_class_and_source_of_the_report(browser):
    page = browser.get("/accuracy")

    text = page.get_text(" ", strip=True)
    assert f"{shipped().cases:,} published measurements from {shipped().sources} sources" in text
    for kind in shipped().kinds:
        section = page.select_one(f"section[aria-labelledby={kind.kind}]")
        assert len(section.select("tbody tr")) == len(kind.classes)
        sources = browser.get(section.select("a")[-1]["href"])
        assert len(sources.select("main tbody tr")) == len(kind.sources)
    assert len(page.select("section[aria-labelledby=worst] tbody tr")) == len(shipped().worst)
    assert shipped().version in text


def test_programs_get_the_report(client):
    assert client.get("/accuracy").json() == shipped().model_dump(mode="json")


def test_the_report_holds_no_case_but_the_worst():
    text = (ROOT / "app/accuracy/report.json").read_text(encoding="utf-8")

    assert len(shipped().worst) <= 20
    assert '"request"' not in text
    assert all(case.address or case.publisher for case in shipped().worst)
