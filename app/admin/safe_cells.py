"""Cells of spreadsheets: text that a spreadsheet would run as a formula is marked as text, and read back without."""

import json

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK = "'"


def defused(value: object) -> object:
    """A cell that no spreadsheet runs.

    >>> defused("=cmd()"), defused(-3.5), defused("Ada")
    ("'=cmd()", -3.5, 'Ada')
    """
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith((*_FORMULA, _MARK)):
        return _MARK + value
    return value


def armed(cell: str) -> str:
    """The text that a defused cell stood for.

    >>> armed("'=cmd()"), armed("'tis"), armed("Ada")
    ('=cmd()', "'tis", 'Ada')
    """
    marked = cell.startswith(_MARK) and cell[1:].startswith((*_FORMULA, _MARK))
    return cell[1:] if marked else cell
