"""What the tools of a computer print about its cards, in every form that people paste."""

from datetime import UTC, datetime

import pytest

from app import advisor
from app.advice.detected import read_nvidia_smi, read_pasted
from app.advice.given import given_hardware
from app.contract.requests import FitRequest

AT = datetime(2026, 11, 22, tzinfo=UTC)
REPORT = """
==============NVSMI LOG==============
Attached GPUs                             : 2
GPU 00000000:01:00.0
    Product Name                          : NVIDIA GeForce RTX 3090
    FB Memory Usage
        Total                             : 24576 MiB
        Free                              : 24275 MiB
    BAR1 Memory Usage
        Total                             : 256 MiB
GPU 00000000:02:00.0
    Product Name                          : NVIDIA GeForce RTX 3060
    FB Memory Usage
        Total                             : 12288 MiB
"""
XML = "<nvidia_smi_log>" + 2 * (
    "<gpu><product_name>NVIDIA H100 80GB HBM3</product_name>\n"
    "<fb_memory_usage>\n<total>81559 MiB</total></fb_memory_usage></gpu>"
)
BARE_CSV = "NVIDIA GeForce RTX 3060, 12288\nNVIDIA GeForce RTX 3060, 12288\n"
LONG_CSV = """index, name, driver_version, memory.total [MiB], memory.free [MiB]
0, Tesla T4, 550.1, 15360 MiB, 9 MiB
1, Tesla T4, 550.1, 15360 MiB, 15000 MiB
"""
HEADLESS_CSV = "0, NVIDIA A40, 46068 MiB, 3 MiB\n1, NVIDIA A40, 46068 MiB, 40000 MiB\n"
AMD_STATIC = "".join(
    f"GPU: {number}\n    ASIC:\n        MARKET_NAME: AMD Instinct MI300X\n        VENDOR_ID: 0x1002\n"
    "    VRAM:\n        TYPE: HBM\n        SIZE: 196592 MB\n"
    for number in range(2)
)
ROCM_CONCISE = """
=================== ROCm System Management Interface ===================
Device  Node  IDs              Temp    Power  SCLK    MCLK     Fan  VRAM%  GPU%
0       1     0x744c,   14519  43.0°C  20.0W  41Mhz   96Mhz    0%   5%     4%
"""
PARTS_TABLE = """
| NVIDIA-SMI 560.35.03              Driver Version: 560.35.03      CUDA Version: 12.6     |
|   0  NVIDIA A100-SXM4-40GB          On  |   00000000:00:04.0 Off |                   On |
| N/A   34C    P0             50W /  400W |      87MiB /  40960MiB |     N/A      Default |
| MIG devices:                                                                            |
|  0    3   0   0  |              37MiB /  9728MiB    | 28      0 |  2   0    1    0    0 |
|                  |                 0MiB / 16383MiB  |           |                       |
|  0    9   0   1  |              12MiB /  4864MiB    | 14      0 |  1   0    0    0    0 |
"""
PARTS_LIST = """
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-1)
  MIG 1g.5gb      Device  0: (UUID: MIG-1)
  MIG 2g.10gb     Device  1: (UUID: MIG-2)
"""


@pytest.fixture(scope="module")
def fit(client):
    def ask(text: str):
        request = FitRequest.model_validate({"hardware": [{"description": text}]})
        return advisor.fit(client.app.state.catalogue.current(), request, at=AT)

    return ask


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (REPORT, [("NVIDIA GeForce RTX 3090", 1, 24.0), ("NVIDIA GeForce RTX 3060", 1, 12.0)]),
        (XML, [("NVIDIA H100 80GB HBM3", 2, 81559 / 1024)]),
        (BARE_CSV, [("NVIDIA GeForce RTX 3060", 2, 12.0)]),
        (LONG_CSV, [("Tesla T4", 2, 15.0)]),
        (HEADLESS_CSV, [("NVIDIA A40", 2, 46068 / 1024)]),
        (BARE_CSV.replace("\n", "\r\n"), [("NVIDIA GeForce RTX 3060", 2, 12.0)]),
    ],
    ids=["report", "xml", "bare csv", "long csv", "csv without heading", "windows"],
)
def test_every_form_of_nvidia_smi_is_read(text, found):
    assert [(one.name, one.count, one.memory_gib) for one in read_nvidia_smi(text)] == found
    assert read_pasted(text) == read_nvidia_smi(text)


@pytest.mark.parametrize("between", ["\n", " ", ""], ids=["rows", "one line", "one line without breaks"])
def test_the_table_is_read_from_a_field_of_one_line_too(between):
    head = "| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: 12.4 |"
    card = (
        "|   {n}  NVIDIA GeForce RTX 3090   Off | 0{n}:00.0  On |   N/A |",
        "| 30%   45C | 512MiB / 24576MiB |   2% |",
    )
    rows = [head, *(row.format(n=number) for number in range(2) for row in card)]
    assert [(one.name, one.count, one.memory_gib) for one in read_pasted(between.join(rows))] == [
        ("NVIDIA GeForce RTX 3090", 2, 24.0)
    ]


def test_amd_smi_is_read():
    (cards,) = read_pasted(AMD_STATIC)

    assert (cards.name, cards.count) == ("AMD Instinct MI300X", 2)
    assert cards.memory_gib == pytest.approx(192, abs=0.1)


def test_rows_without_the_head_of_the_table_and_xpu_smi_are_read():
    rows = "|   0  NVIDIA GeForce ...  Off  | 00000000:01:00.0  On |\n|  0%   50C    P8    20W / 350W |  500MiB / 24268MiB |"
    intel = (
        "| 0         | Device Name: Intel(R) Arc(TM) A770 Graphics      |\n|  | Memory Physical Size: 16384.00 MiB |"
    )

    assert [(one.name, one.cut, round(one.memory_gib or 0)) for one in read_pasted(rows)] == [
        ("NVIDIA GeForce", True, 24)
    ]
    assert [(one.name, one.memory_gib) for one in read_pasted(intel)] == [("Intel Arc A770 Graphics", 16.0)]


def test_what_people_write_is_not_taken_for_a_tool():
    assert read_pasted("NVIDIA GeForce RTX 3060, 2021") == []
    assert read_pasted("my name, and two GTX 1080") == []


def test_a_report_is_judged_by_its_cards(fit):
    assert [(one.accelerator, one.count) for one in fit(REPORT).hardware] == [
        ("geforce-rtx-3090", 1),
        ("geforce-rtx-3060-12gb", 1),
    ]


def test_output_that_names_no_card_is_answered_with_what_to_paste(fit):
    (warning,) = fit(ROCM_CONCISE).warnings

    assert "names no card" in warning.text
    assert "rocm-smi --showproductname" in warning.text


@pytest.mark.parametrize(("text", "gib"), [(PARTS_TABLE, 9.5), (PARTS_LIST, 10.0)], ids=["table", "list"])
def test_of_a_divided_card_the_largest_part_counts(text, gib):
    [found] = read_pasted(text)

    assert (found.count, found.memory_gib) == (1, gib)
    assert found.name == "NVIDIA MIG device (the largest of 2)"


def test_of_a_part_of_a_card_the_memory_alone_is_known(client):
    catalogue = client.app.state.catalogue.current()

    given = given_hardware([(PARTS_TABLE, False, 1)], by_slug=catalogue.accelerators, names=catalogue.hardware_names)

    assert [(item.device, item.words.memory_gib) for item in given.items] == [(None, 10)]
    assert [caution.reason.code for caution in given.cautions] == ["fit_warning_memory_only"]


@pytest.mark.parametrize(
    "text",
    [
        "Failed to initialize NVML: Driver/library version mismatch",
        "No devices were found",
        "bash: nvidia-smi: command not found",
        "'nvidia-smi' is not recognized as an internal or external command",
    ],
)
def test_a_tool_that_failed_is_no_unknown_card(fit, text):
    assert "names no card" in fit(text).warnings[0].text


def test_only_the_beginning_of_a_long_description_is_repeated(fit):
    answer = fit("foo bar " * 100)

    assert len(answer.hardware[0].name) <= 81
    assert len(answer.warnings[0].text) < 250


def test_a_card_that_answers_with_an_error_is_left_out(fit):
    table = """
| NVIDIA-SMI 535.183.01             Driver Version: 535.183.01   CUDA Version: 12.2     |
|   0  NVIDIA GeForce RTX 3090        Off | 00000000:01:00.0  On |                  N/A |
|  0%   45C    P8              27W / 350W |    812MiB / 24576MiB |      3%      Default |
|   1  ERR!                           Off | 00000000:02:00.0 Off |                 ERR! |
|ERR!  ERR! ERR!             ERR! / ERR!  |      5MiB / 12288MiB |     ERR!      Default |
"""
    answer = fit(table)

    assert answer.hardware[0].accelerator == "geforce-rtx-3090"
    assert {job.hardware.accelerator for job in answer.jobs if job.fit == "fits" and job.hardware} == {
        "geforce-rtx-3090"
    }
    assert ["error instead of a name" in warning.text for warning in answer.warnings] == [True]


@pytest.mark.parametrize("between", ["\n", " "], ids=["lines", "one line"])
def test_one_slot_of_lspci_is_one_card(between):
    rows = [
        "00:02.0 VGA compatible controller: Intel Corporation UHD Graphics 630 [8086:3e9b] (rev 02)",
        "01:00.0 VGA compatible controller: NVIDIA Corporation GA102 [GeForce RTX 3090] [10de:2204] (rev a1)",
        "03:00.0 Display controller: Advanced Micro Devices, Inc. [AMD/ATI] Navi 31 [Radeon RX 7900 XT/7900 XTX/7900M]",
        "01:00.1 Audio device: NVIDIA Corporation GA102 High Definition Audio Controller (rev a1)",
    ]

    assert [(one.name, one.count) for one in read_pasted(between.join(rows))] == [
        ("GeForce RTX 3090", 1),
        ("Radeon RX 7900 XT", 1),
    ]


def test_a_macs_profile_names_chip_and_memory(fit):
    text = "Model Name: MacBook Pro\n  Chip: Apple M3 Max\n  Total Number of Cores: 16\n  Memory: 36 GB\n"

    assert [(one.name, one.memory_gib) for one in read_pasted(text)] == [("Apple M3 Max", 36.0)]
    assert [one.accelerator for one in fit(text).hardware] == ["apple-m3-max"]
    assert 18 < max(job.usable_memory_gib or 0 for job in fit(text).jobs) < 36
