"""What hardware can do: the verdicts, the changes, the ways out; and what computers' own tools say of themselves."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from app import advisor
from app.advice.detected import (
    Found,
    read_cpuinfo,
    read_meminfo,
    read_nvidia_smi,
    read_pasted,
    read_rocm_smi,
    read_sysctl,
)
from app.advice.fit_jobs import Scale, fit_jobs, scales
from app.advice.rigs import mean_by_layers, weakest
from app.advice.upgrades import Shop
from app.cli import build
from app.commands.fit import NVIDIA_PARTS, NVIDIA_SMI, SYSCTL, detected
from app.commands.fit_text import fit_text
from app.contract.answer import FitAnswer
from app.contract.requests import FitRequest
from app.engine.hardware import PeakRates
from app.errors import AppError

AT = datetime(2026, 11, 22, tzinfo=UTC)
NVIDIA_TABLE = """
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 550.54.15              Driver Version: 550.54.15      CUDA Version: 12.4     |
|-----------------------------------------+------------------------+----------------------+
| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |
| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |
|=========================================+========================+======================|
|   0  NVIDIA GeForce RTX 3090        Off |   00000000:01:00.0 Off |                  N/A |
| 30%   38C    P8             22W /  350W |       1MiB /  24576MiB |      0%      Default |
|   1  NVIDIA GeForce RTX 3090        Off |   00000000:02:00.0 Off |                  N/A |
| 30%   40C    P8             25W /  350W |     300MiB /  24576MiB |      0%      Default |
|   2  NVIDIA GeForce RTX 3060        Off |   00000000:03:00.0  On |                  N/A |
|  0%   45C    P8             11W /  170W |     500MiB /  12288MiB |      2%      Default |
+-----------------------------------------------------------------------------------------+
| Processes:                                                                              |
|    2   N/A  N/A      1432      G   /usr/lib/xorg/Xorg                            200MiB |
+-----------------------------------------------------------------------------------------+
"""
OLD_TABLE = """
| NVIDIA-SMI 460.91.03    Driver Version: 460.91.03    CUDA Version: 11.2     |
|   0  GeForce RTX 208...  Off  | 00000000:01:00.0  On |                  N/A |
| 30%   45C    P8    25W / 250W |    500MiB / 11019MiB |      0%      Default |
"""
ROCM_JSON = (
    '{"card0": {"Card Series": "Radeon RX 7900 XTX", "Card Model": "0x744c", "VRAM Total Memory (B)": "25753026560"}}'
)
ROCM_TEXT = """
GPU[0]		: Card Series: 		Radeon RX 7900 XTX
GPU[0]		: VRAM Total Memory (B): 25753026560
"""
CPUINFO = """processor	: 0
vendor_id	: GenuineIntel
model name	: Intel(R) Core(TM) i7-12700K
processor	: 1
model name	: Intel(R) Core(TM) i7-12700K
"""
SYSCTL_TEXT = "machdep.cpu.brand_string: Apple M3 Max\nhw.memsize: 68719476736\n"


@pytest.fixture(scope="module")
def catalogue(client):
    return client.app.state.catalogue.current()


@pytest.fixture(scope="module")
def fit(catalogue):
    """The answer for some hardware, worked out once."""
    known = {}

    def ask(*hardware: dict, **fields):
        asked = {"hardware": list(hardware), **fields}
        key = json.dumps(asked)
        if key not in known:
            known[key] = advisor.fit(catalogue, FitRequest.model_validate(asked), at=AT)
        return known[key]

    return ask


def words(answer) -> dict[str, str]:
    return {job.slug: job.fit for job in answer.jobs}


def the_job(answer, slug: str):
    return next(job for job in answer.jobs if job.slug == slug)


def test_every_typical_job_is_judged_on_every_kind_of_hardware(fit):
    for name in ("RTX 3090", "M3 Max 64GB", "core-i7-13700k"):
        answer = fit({"accelerator": name})

        assert [job.slug for job in answer.jobs] == [job.slug for job in fit_jobs()]
        assert sum(answer.counts.values()) == len(fit_jobs())
        assert "unknown" not in answer.counts


def test_what_fits_says_how_fast_it_goes(fit):
    answer = fit({"accelerator": "RTX 3090"})

    job = the_job(answer, "run-8b-4bit")
    assert (job.fit, job.bottleneck, job.change_needed, job.upgrade) == ("fits", None, None, None)
    assert job.speed.speed_class == "fast"
    assert job.speed.value.low < job.speed.value.expected < job.speed.value.high
    assert job.memory_gib.high <= 0.9 * job.usable_memory_gib


def test_the_change_is_the_smallest_that_makes_it_fit(fit):
    answer = fit({"accelerator": "RTX 3060"})

    eight, four = the_job(answer, "run-8b-16bit"), the_job(answer, "run-14b-16bit")
    assert (eight.fit, four.fit) == ("fits_with_changes", "fits_with_changes")
    assert eight.change_needed.startswith("Use 8 bits")
    assert four.change_needed.startswith("Use 4-bit")
    assert eight.memory_gib.high <= 0.9 * eight.usable_memory_gib


def test_a_change_takes_less_memory_than_what_it_changes(fit):
    answer = fit({"accelerator": "RTX 3090"})

    for job in answer.jobs:
        if job.fit == "tight" and job.change_needed and "takes about" in job.change_needed:
            taken = float(job.change_needed.split("takes about ")[1].split(" GiB")[0].replace(",", ""))
            assert taken < job.memory_gib.expected


def test_what_hinders_has_a_way_out_that_is_large_enough(fit, catalogue):
    answer = fit({"accelerator": "RTX 3060"})

    bought = [job for job in answer.jobs if job.fit == "does_not_fit" and job.upgrade and job.upgrade.action == "buy"]
    assert len(bought) >= 5
    for job in bought:
        offered = {"workload": job.workload, "hardware": {"accelerator": job.upgrade.hardware.accelerator, "count": 1}}
        assert job.bottleneck == "memory"
        assert job.upgrade.price_usd.expected > 0
        device = catalogue.accelerators[offered["hardware"]["accelerator"]]
        assert (
            device.memory_bytes > catalogue.accelerators["geforce-rtx-3060-12gb"].memory_bytes
            or job.upgrade.hardware.count > 1
        )


def test_a_dearer_upgrade_is_never_named_where_a_cheaper_one_does(fit):
    answer = fit({"accelerator": "RTX 3060"})

    small, large = the_job(answer, "run-32b-4bit").upgrade, the_job(answer, "run-70b-4bit").upgrade
    assert small.price_usd.expected <= large.price_usd.expected


def test_equal_cards_share_a_model(fit):
    one, two = fit({"accelerator": "RTX 3090"}), fit({"accelerator": "RTX 3090", "count": 2})

    assert the_job(one, "run-32b-8bit").fit != "fits"
    shared = the_job(two, "run-32b-8bit")
    assert (shared.fit, shared.hardware.count) == ("fits", 2)
    assert "work together" in shared.verdict


def test_cards_listed_one_by_one_are_the_same_as_a_count(fit):
    listed = fit({"accelerator": "RTX 3090"}, {"accelerator": "RTX 3090"})

    assert words(listed) == words(fit({"accelerator": "RTX 3090", "count": 2}))


def test_more_hardware_never_does_less(fit):
    order = ["fits", "tight", "fits_with_changes", "does_not_fit", "unknown", "not_supported"]
    one, more = (
        words(fit({"accelerator": "RTX 3060"})),
        words(fit({"accelerator": "RTX 3060"}, {"accelerator": "RTX 3090"})),
    )

    assert [slug for slug in one if order.index(more[slug]) > order.index(one[slug])] == []


def test_of_unequal_cards_the_smallest_and_slowest_decides(fit, catalogue):
    large, small = catalogue.accelerators["geforce-rtx-3090"], catalogue.accelerators["geforce-rtx-3060-12gb"]

    together = weakest([large, small])

    assert together.usable_memory_bytes == small.usable_memory_bytes
    assert together.memory_bandwidth_bytes_per_s == small.memory_bandwidth_bytes_per_s
    assert together.peak.fp16 == min(large.peak.fp16, small.peak.fp16)
    mixed = [
        job for job in fit({"accelerator": large.slug}, {"accelerator": small.slug}).jobs if "unequal" in job.verdict
    ]
    assert all(job.hardware.accelerator is None and job.hardware.count == 2 for job in mixed)


def test_unequal_cards_hold_the_layers_of_a_language_model_by_their_memory(fit, catalogue):
    large, small = catalogue.accelerators["geforce-rtx-3090"], catalogue.accelerators["geforce-rtx-3060-12gb"]

    together = mean_by_layers([large, small])

    assert 2 * together.usable_memory_bytes == large.usable_memory_bytes + small.usable_memory_bytes
    passing_s = [card.usable_memory_bytes / card.memory_bandwidth_bytes_per_s for card in (large, small, together)]
    assert passing_s[0] + passing_s[1] == pytest.approx(2 * passing_s[2])
    alone = next(job for job in fit({"accelerator": large.slug}).jobs if job.slug == "run-14b-16bit")
    both = fit({"accelerator": large.slug}, {"accelerator": small.slug})
    shared = next(job for job in both.jobs if job.slug == "run-14b-16bit")
    assert (alone.fit, shared.fit) == ("fits_with_changes", "fits")
    assert "layers" in shared.verdict


def test_old_cards_add_their_memory_to_each_other(fit):
    two, three = (
        fit({"accelerator": "Tesla P40", "count": 2}, *more) for more in ((), ({"accelerator": "Tesla P100"},))
    )

    assert next(job for job in two.jobs if job.slug == "run-70b-4bit").fit == "tight"
    assert next(job for job in three.jobs if job.slug == "run-70b-4bit").fit == "fits"


def test_a_mean_of_cards_knows_no_rate_that_one_of_them_lacks(catalogue):
    card = catalogue.accelerators["geforce-rtx-3090"]

    together = mean_by_layers([card, replace(card, peak=PeakRates())])

    assert together.peak.fp16 is None
    assert together.memory_bandwidth_bytes_per_s == pytest.approx(card.memory_bandwidth_bytes_per_s)


def test_one_picture_is_made_by_one_card(fit):
    one, two = fit({"accelerator": "RTX 3090"}), fit({"accelerator": "RTX 3090", "count": 2})

    assert the_job(two, "picture-sdxl").speed == the_job(one, "picture-sdxl").speed


def test_an_unsupported_card_leaves_the_processor(fit):
    answer, processor = fit({"accelerator": "GT 740M"}), fit({"description": "a laptop without a GPU"})

    working = {"fits", "tight", "fits_with_changes"}
    assert {s: w for s, w in words(answer).items() if w in working} == {
        s: w for s, w in words(processor).items() if w in working
    }
    assert "not_supported" in answer.counts
    assert any("counts as no GPU" in warning.text for warning in answer.warnings)


def test_a_processor_has_the_memory_of_its_computer(fit):
    small, large = fit({"accelerator": "core-i7-13700k"}), fit({"accelerator": "core-i7-13700k"}, system_memory_gb=128)

    assert [one.field for one in small.assumptions] == ["system_memory_gb"]
    assert large.assumptions == []
    assert (
        the_job(small, "run-32b-4bit").fit == "fits_with_changes"
        or the_job(small, "run-32b-4bit").fit == "does_not_fit"
    )
    assert the_job(large, "run-32b-4bit").fit == "fits"


def test_an_fpga_trains_nothing(fit, catalogue):
    fpga = next(device for device in catalogue.devices.accelerators if device.kind == "fpga")

    answer = fit({"accelerator": fpga.slug})

    assert the_job(answer, "run-8b-4bit").hardware.accelerator != fpga.slug


def test_memory_alone_says_whether_it_fits_but_not_how_fast(fit):
    answer = fit({"description": "a card with 24 GB"})

    job = the_job(answer, "run-8b-4bit")
    assert (job.fit, job.speed) == ("fits", None)
    assert any("only the memory" in warning.text for warning in answer.warnings)


def test_unknown_hardware_is_asked_about(fit):
    answer = fit({"description": "Foo 9000"})

    assert set(words(answer).values()) == {"unknown"}
    assert "tell us" in answer.verdict
    assert "Foo 9000" in answer.warnings[0].text


def test_an_ordinary_processor_stands_in_for_an_unknown_one(fit):
    answer = fit({"description": "Intel Xeon Unheard-of"})

    assert words(answer) == words(fit({"description": "a laptop without a GPU"}))
    assert "stands in" in answer.warnings[0].text


def test_an_ambiguous_name_is_asked_about(fit):
    assert "tell us the exact model" in fit({"description": "Titan X"}).warnings[0].text


def test_pasted_output_counts_the_cards(fit):
    answer = fit({"description": NVIDIA_TABLE})

    assert [(one.accelerator, one.count) for one in answer.hardware] == [
        ("geforce-rtx-3090", 2),
        ("geforce-rtx-3060-12gb", 1),
    ]


def test_a_name_that_was_cut_is_found_by_its_memory(fit):
    answer = fit({"description": OLD_TABLE})

    assert [one.accelerator for one in answer.hardware] == ["geforce-rtx-2080-ti"]


def test_prices_have_a_date_and_old_ones_do_not_rank(catalogue):
    shop = Shop.of(catalogue.devices, catalogue.market, today=date(2040, 1, 1))

    assert shop.to_buy == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (NVIDIA_TABLE, [("NVIDIA GeForce RTX 3090", 2, 24.0), ("NVIDIA GeForce RTX 3060", 1, 12.0)]),
        ("name, memory.total [MiB]\nNVIDIA A100-SXM4-80GB, 81920 MiB\n", [("NVIDIA A100-SXM4-80GB", 1, 80.0)]),
        ("GPU 0: Tesla T4 (UUID: GPU-1)\nGPU 1: Tesla T4 (UUID: GPU-2)", [("Tesla T4", 2, None)]),
        ("", []),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", []),
    ],
)
def test_nvidia_smi_is_read(text, found):
    assert [(one.name, one.count, one.memory_gib) for one in read_nvidia_smi(text)] == found


def test_a_cut_name_is_marked():
    assert read_nvidia_smi(OLD_TABLE)[0].cut
    assert read_nvidia_smi(OLD_TABLE)[0].name == "GeForce RTX 208"


@pytest.mark.parametrize("text", [ROCM_JSON, ROCM_TEXT], ids=["json", "text"])
def test_rocm_smi_is_read(text):
    (card,) = read_rocm_smi(text)

    assert card.name == "Radeon RX 7900 XTX"
    assert card.memory_gib == pytest.approx(24, abs=0.1)


def test_broken_json_is_no_card():
    assert read_rocm_smi('{"card0": ') == []
    assert read_rocm_smi("[" * 5000) == []


def test_proc_is_read():
    assert read_cpuinfo(CPUINFO) == [Found("Intel Core i7-12700K", kind="cpu")]
    assert read_cpuinfo("model name : AMD Ryzen 9 7950X 16-Core Processor")[0].name == "AMD Ryzen 9 7950X"
    assert read_cpuinfo("nothing") == []
    assert read_meminfo("MemTotal:       67108864 kB\nMemFree: 1 kB") == 64
    assert read_meminfo("") is None


def test_a_mac_is_read():
    found, memory_gib = read_sysctl(SYSCTL_TEXT)

    assert found == [Found("Apple M3 Max", memory_gib=64.0, kind="apple_soc")]
    assert memory_gib == 64
    assert read_sysctl("machdep.cpu.brand_string: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz")[0][0].kind == "cpu"
    assert read_sysctl("") == ([], None)


@pytest.mark.parametrize("text", [NVIDIA_TABLE, ROCM_JSON, ROCM_TEXT, CPUINFO, SYSCTL_TEXT])
def test_a_paste_is_recognised(text):
    assert read_pasted(text) != []


@pytest.mark.parametrize("text", ["RTX 3090", "two cards, 24 GB", "card with 12 GB", "GPU: none"])
def test_words_are_no_paste(text):
    assert read_pasted(text) == []


def test_detection_puts_the_tools_together(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(CPUINFO, encoding="utf-8")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 33554432 kB", encoding="utf-8")

    found, memory_gib = detected(lambda call: "Tesla T4, 15360 MiB" if call == NVIDIA_SMI else "", tmp_path)

    assert [(one.name, one.kind) for one in found] == [("Tesla T4", "gpu"), ("Intel Core i7-12700K", "cpu")]
    assert memory_gib == 32


def test_a_part_of_a_card_is_detected(tmp_path):
    printed = {NVIDIA_SMI: "NVIDIA A100-SXM4-40GB, 40960 MiB", NVIDIA_PARTS: "MIG 2g.10gb Device 0: (UUID: MIG-1)"}

    found, _ = detected(lambda call: printed.get(call, ""), tmp_path)

    assert [one.memory_gib for one in found] == [10]


def test_a_mac_is_detected(tmp_path):
    found, memory_gib = detected(lambda call: SYSCTL_TEXT if call == SYSCTL else "", tmp_path)

    assert ([one.kind for one in found], memory_gib) == (["apple_soc"], 64)


def test_a_computer_that_says_nothing_is_an_error(tmp_path):
    with pytest.raises(AppError, match="--hardware"):
        detected(lambda _: "", Path(tmp_path))


def test_speed_words_follow_their_limits():
    assert Scale("", 1, 12, 96, "").speed_class(12, less_is_better=True) == "usable"
    assert Scale("", 1, 12, 96, "").speed_class(97, less_is_better=True) == "impractical"
    assert {job.judged_as or job.speed for job in fit_jobs()} == set(scales())


def test_a_program_asks_with_json(client):
    answer = client.post("/fit", json={"hardware": [{"accelerator": "RTX 3090", "count": 2}]})

    assert answer.status_code == 200
    assert answer.json()["counts"]["fits"] > 30


@pytest.mark.parametrize(
    ("hardware", "pointer"),
    [
        ([], "/hardware"),
        ([{"accelerator": "RTX 3090"}, {"accelerator": "RTX 4909"}], "/hardware/1/accelerator"),
        ([{"accelerator": "RTX 3090", "count": 0}], "/hardware/0/count"),
        ([{}], "/hardware/0"),
        ([{"description": "x" * 20_001}], "/hardware/0/description"),
    ],
)
def test_a_wrong_field_is_named(client, hardware, pointer):
    answer = client.post("/fit", json={"hardware": hardware})

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_the_command_agrees_with_the_post(client, catalogue, monkeypatch):
    monkeypatch.setattr("app.commands.fit.open_catalogue", lambda: catalogue)
    asked = {"hardware": [{"accelerator": "RTX 3060", "count": 2}], "system_memory_gb": 64}

    by_json = CliRunner().invoke(build(), ["fit", "--json", "-"], input=json.dumps(asked))
    by_options = CliRunner().invoke(
        build(), ["fit", "--hardware", "RTX 3060 x2", "--system-memory-gb", "64", "--output", "json"]
    )
    pasted = CliRunner().invoke(build(), ["fit", "--paste", "-", "--output", "json"], input=NVIDIA_TABLE)

    posted = client.post("/fit", json=asked).json()
    assert json.loads(by_json.stdout)["jobs"] == posted["jobs"]
    assert json.loads(by_options.stdout)["jobs"] == posted["jobs"]
    assert fit_text(FitAnswer.model_validate(posted)).startswith("Your hardware does")
    assert len(json.loads(pasted.stdout)["hardware"]) == 2
    assert CliRunner().invoke(build(), ["fit", "--hardware", "RTX 3090", "--json", "-"], input="{}").exit_code == 2


def test_memory_of_several_cards_is_told_card_by_card(client, browser):
    asked = {"hardware": [{"accelerator": "RTX 3090", "count": 2}]}

    printed = fit_text(FitAnswer.model_validate(client.post("/fit", json=asked).json())).splitlines()
    rows = {row.th.get_text(strip=True): row for row in browser.get("/fit?hardware=RTX+3090+x2").select("tbody tr")}

    assert "  2 x 14 GiB  " in next(line for line in printed if line.startswith("  14 B, 16 bits "))
    assert "  15 GiB  " in next(line for line in printed if line.startswith("  14 B, 8 bits "))
    assert "2 x 13 to 15 GiB" in rows["14 B, 16 bits"].get_text(" ", strip=True)
    assert " x " not in rows["14 B, 8 bits"].get_text(" ", strip=True).split("GiB")[0]


def test_hardware_that_nobody_knows_prints_no_list_of_unknown_jobs(client):
    answer = client.post("/fit", json={"hardware": [{"description": "Foobar 9000"}]}).json()

    assert {job["fit"] for job in answer["jobs"]} == {"unknown"}
    assert fit_text(FitAnswer.model_validate(answer)).split("\n\n") == [
        answer["verdict"],
        f"warning: {answer['warnings'][0]['text']}",
    ]


def test_nothing_asked_is_an_error(catalogue, monkeypatch):
    monkeypatch.setattr("app.commands.fit.open_catalogue", lambda: catalogue)

    assert CliRunner().invoke(build(), ["fit"]).exit_code == 2


def test_the_page_asks_and_answers(browser):
    page = browser.submit(browser.get("/fit"), card_name=["RTX 3090"], card_count=["2"], memory="64")

    assert page.heading == "What your hardware can do"
    assert parse_qs(urlsplit(page.url).query) == {"hardware": ["RTX 3090 x2"], "memory": ["64"]}
    assert len(page.select("section table tbody tr")) == len(fit_jobs())


def test_the_page_reads_what_was_pasted(browser):
    page = browser.submit(browser.get("/fit"), pasted=NVIDIA_TABLE)

    assert [chip.get_text(strip=True) for chip in page.select(".chips li")][:2] == [
        "2 x GeForce RTX 3090",
        "GeForce RTX 3060 12GB",
    ]


@pytest.mark.parametrize(
    "pasted",
    ["Chip: Apple M3 Max\nMemory: 36 GB\n", "machdep.cpu.brand_string: Apple M3 Max\nhw.memsize: 38654705664\n"],
    ids=["system_profiler", "sysctl"],
)
def test_the_page_keeps_the_memory_that_a_mac_tells(browser, client, pasted):
    page = browser.submit(browser.get("/fit"), pasted=pasted)
    posted = client.post("/fit", json={"hardware": [{"description": pasted}]}).json()

    assert parse_qs(urlsplit(page.url).query) == {"hardware": ['"Apple M3 Max 36 GB"']}
    assert 18 < max(job["usable_memory_gib"] or 0 for job in posted["jobs"]) < 36
    assert posted["verdict"] in page.get_text(" ", strip=True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "#card_name-1"),
        ({"pasted": "hello"}, "#pasted"),
        ({"card_name": ["RTX 3090"], "memory": "much"}, "#memory"),
    ],
)
def test_the_page_says_what_to_correct(browser, values, field):
    page = browser.submit(browser.get("/fit"), status=422, **values)

    assert [link["href"] for link in page.select(".error-summary a")] == [field]
