"""What people write about their hardware is read: how many, how much memory, which kind."""

import pytest

from app.advice.generations import generation_of
from app.advice.hardware_words import described


@pytest.mark.parametrize(
    ("text", "count", "memory_gib"),
    [
        ("one 24 GB GPU", 1, 24.0),
        ("one card with 11 GB", 1, 11.0),
        ("8 GPUs", 8, None),
        ("two Titan X", 2, None),
        ("4x RTX 3090", 4, None),
        ("RTX 3090 x2", 2, None),
        ("2 x 24 GB GPUs", 2, 24.0),
        ("a server with eight A100 80GB", 8, 80.0),
        ("GTX 1080 Ti", 1, None),
        ("RX 6700 XT", 1, None),
        ("Radeon RX 580", 1, None),
        ("PC with 16 GB RAM", 1, None),
        ("8 cores, 2 GB GeForce 720", 1, 2.0),
        ("a 12-core Threadripper and an RTX 2080", 1, None),
    ],
)
def test_counts_and_memory_are_read(text, count, memory_gib):
    found = described(text)

    assert (found.count, found.memory_gib) == (count, memory_gib)


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("laptop that has no GPU", "no_gpu"),
        ("no graphics card", "no_gpu"),
        ("a PC without a dedicated graphics card", "no_gpu"),
        ("Core Ultra laptop with built-in Arc graphics", "integrated"),
        ("Intel UHD Graphics 620", "integrated"),
        ("FPGA wanted; Virtex-7 is too expensive", "fpga"),
        ("a Cloud TPU", "tpu"),
        ("Coral Edge TPU", "edge"),
        ("free Colab GPU", "lent"),
        ("Raspberry Pi with a Hailo-8L", "edge"),
        ("Xeon E5 v4 145 W", "cpu"),
        ("i7-7500U", "cpu"),
        ("laptop with a GPU", "laptop"),
        ("AMD Radeon GPU", "gpu"),
    ],
)
def test_the_kind_is_read(text, trait):
    assert getattr(described(text), trait)


@pytest.mark.parametrize("text", ["laptop that has no GPU", "built-in graphics", "Core i7 desktop"])
def test_a_computer_without_its_own_card_counts_as_none(text):
    assert not described(text).gpu


@pytest.mark.parametrize(
    ("text", "vendor"),
    [("AMD Radeon GPU", "AMD"), ("GeForce MX150", "NVIDIA"), ("MacBook Pro", "Apple"), ("a laptop", "")],
)
def test_the_vendor_is_read(text, vendor):
    assert described(text).vendor == vendor


@pytest.mark.parametrize(
    ("text", "name", "support"),
    [
        ("GeForce GTX 670M", "Fermi", "unsupported"),
        ("Quadro K5000", "Kepler", "unsupported"),
        ("laptop with a GT 750M", "Kepler", "unsupported"),
        ("Quadro K2200", "Maxwell", "legacy"),
        ("940MX", "Maxwell", "legacy"),
        ("Quadro P1000", "Pascal", "legacy"),
        ("Radeon R9 390X", "GCN", "unsupported"),
    ],
)
def test_the_name_of_an_old_card_tells_its_generation(text, name, support):
    found = generation_of(text)

    assert found is not None
    assert (found.name, found.support) == (name, support)
    assert described(text).gpu


@pytest.mark.parametrize(
    "text",
    ["Quadro RTX 4000", "Quadro T1000", "GTX 1660 Ti", "RTX 2060", "MX450", "RX 5700 XT", "Ryzen R7 3700X", "i5-750"],
)
def test_the_name_of_a_newer_card_tells_nothing_old(text):
    assert generation_of(text) is None
