"""Reading what sources send: JSON, CSV, zipped CSV and the amounts in them, with errors that name the address."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from app.sources.fetching import MIB, Document

LARGEST_MEMBER = 256 * MIB


class MalformedError(Exception):
    """An answer that is not what the source used to send."""


def json_object(document: Document) -> dict[str, Any]:
    """The JSON object of a document."""
    value = json_value(document)
    if not isinstance(value, dict):
        raise MalformedError(f"{document.address}: a JSON object was expected")
    return value


def json_value(document: Document) -> Any:
    """The JSON value of a document."""
    try:
        return json.loads(document.body)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{document.address}: this is not JSON: {error}") from error


def items(value: object, name: str, *, address: str) -> list[dict[str, Any]]:
    """The objects of a list that has to be there."""
    found = value.get(name) if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise MalformedError(f"{address}: there is no list called {name}")
    return [each for each in found if isinstance(each, dict)]


def csv_rows(text: str, *, needs: set[str], address: str, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """The rows of a CSV text by the names of its columns, wherever those stand."""
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    try:
        missing = needs - set(rows.fieldnames or ())
        if missing:
            raise MalformedError(f"{address}: there is no column {', '.join(sorted(missing))}")
        for row in rows:
            yield {name: value or "" for name, value in row.items() if name is not None}
    except csv.Error as error:
        raise MalformedError(f"{address}: this is no CSV: {error}") from error


def csv_document(document: Document, *, needs: set[str]) -> Iterator[dict[str, str]]:
    """The rows of a CSV document."""
    return csv_rows(document.body.decode("utf-8-sig", "replace"), needs=needs, address=document.address)


def member(document: Document, name: str) -> str:
    """The one file of an archive that is asked for; its unpacked size is limited, and nothing is written to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(document.body)) as archive, archive.open(name) as packed:
            text = packed.read(LARGEST_MEMBER + 1)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
        raise MalformedError(f"{document.address}: there is no readable {name} in it") from error
    if len(text) > LARGEST_MEMBER:
        raise MalformedError(f"{document.address}: {name} is larger than {LARGEST_MEMBER // MIB} MiB")
    return text.decode("utf-8-sig", "replace")


def price(value: object) -> float | None:
    """A price as a number; empty, zero, negative and unreadable mean that there is none.

    >>> price("6.98"), price(""), price(0), price("0.00"), price("nan"), price("-1")
    (6.98, None, None, None, None, None)
    """
    number = amount(value)
    return number if number is not None and number > 0 else None


def amount(value: object) -> float | None:
    """A finite number, or None.

    >>> amount("8.0"), amount("eight"), amount(True)
    (8.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
