"""Payloads as documents, and what the catalogue is taken to know."""

from datetime import date
from pathlib import Path

from app.sources.fetching import Document
from app.sources.offers import Known, Shape

PAYLOADS = Path(__file__).parent / "payloads"
TODAY = date(2026, 11, 22)


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def document(name: str, address: str = "https://example.org/list") -> Document:
    return Document(address, payload(name))


def make_known(**shapes: Shape) -> Known:
    """What is known of instances, given as provider__instance with dots and dashes written as they are."""
    return Known(TODAY, {tuple(name.split("/", 1)): shape for name, shape in shapes.items()})


def make_shape(accelerator: str, count: float) -> Shape:
    return Shape(accelerator, accelerator, count, 80.0, 64.0, 512.0)
