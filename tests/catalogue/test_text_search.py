import pytest

from app.catalogue.name_matches import Ambiguous


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("laptop with a GeForce MX150", ["geforce-mx150"]),
        ("Radeon RX 580", ["radeon-rx-580"]),
        ("Tesla M60", ["tesla-m60"]),
        ("GeForce 940MX", ["geforce-940mx"]),
        ("i7-7500U", ["core-i7-7500u"]),
        ("FPGA wanted; Virtex-7 is too expensive", ["virtex-7"]),
        ("Core Ultra laptop with built-in Arc graphics", ["arc-integrated-core-ultra"]),
        ("Xeon E5 v4 145 W", ["xeon-e5-2697a-v4"]),
        ("my old 3090 and a 1080 Ti", ["geforce-rtx-3090", "geforce-gtx-1080-ti"]),
        ("A100, V100, T4", ["a100-sxm4-80gb", "tesla-v100-sxm2-16gb", "t4"]),
        ("laptop with an RTX 4060", ["geforce-rtx-4060-laptop"]),
        ("MacBook Pro M3 Max", ["apple-m3-max"]),
        ("mac mini M4 16 GB", ["apple-m4-16gb"]),
    ],
)
def test_hardware_is_found_in_a_sentence(snapshot, text, slugs):
    assert [found.slug for found in snapshot.hardware_names.find_in_text(text)] == slugs


@pytest.mark.parametrize(
    "text",
    [
        "laptop that has no GPU",
        "AMD Radeon GPU",
        "no graphics card",
        "one card with 11 GB",
        "8 GPUs",
        "a 100 images data set",
        "one card, 16 GB 200 W",
        "laptop, 16 GB 10 cores",
        "a budget of 5090 USD",
        "4090 images of weeds",
        "",
    ],
)
def test_words_that_name_no_product_find_nothing(snapshot, text):
    assert snapshot.hardware_names.find_in_text(text) == []


def test_an_ambiguous_name_stays_a_question_beside_a_clear_one(snapshot):
    first, second = snapshot.hardware_names.find_in_text("two Titan X / Titan Xp")

    assert isinstance(first, Ambiguous)
    assert (first.count, second.slug) == (2, "titan-xp")


@pytest.mark.parametrize(
    ("text", "count"),
    [("4x A100 80GB", 4), ("dual RTX 3090s", 2), ("8 x H100 SXM", 8), ("a V100", 1), ("3090 4070", 1)],
)
def test_the_number_before_a_name_counts_devices(snapshot, text, count):
    assert {found.count for found in snapshot.hardware_names.find_in_text(text)} == {count}


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("rtx3090 rtx3090", [2]),
        ("RTX 3090, RTX 3090 and RTX 3090", [3]),
        ("RTX 4090, RTX 3060, RTX 4090", [2, 1]),
        ("2x RTX 3090 + one RTX 3090", [3]),
        ("GPU 0: RTX 3090, GPU 1: RTX 3090", [2]),
        ("one RTX 3090 24GB and another RTX 3090 24GB", [2]),
        ("RTX 3090 RTX 3090 Ti", [1, 1]),
        ("I have an RTX 3090. Is the RTX 3090 enough?", [1]),
        ("RTX 3090 (Gigabyte RTX 3090 Turbo)", [1]),
    ],
)
def test_a_card_that_a_list_names_again_is_there_once_more(snapshot, text, counts):
    assert [found.count for found in snapshot.hardware_names.find_in_text(text)] == counts
