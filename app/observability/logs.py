"""Log lines: text for people, or one JSON object a line for programs."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from app.observability import request_ids

TEXT = "%(levelname)s: %(message)s"
FIELDS = "fields"
"""The attribute of a record in which further fields come: ``log.info("…", extra={FIELDS: {…}})``."""


class JsonLines(logging.Formatter):
    """A record as one JSON object: time, level, logger, message, request_id, and what was raised."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without the newline at its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = request_ids.current()
        if request_id:
            line["request_id"] = request_id
        line |= getattr(record, FIELDS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """A record as a line of text, with the further fields behind the message."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """The line; what was raised follows in lines of its own."""
        text = super().format(record)
        further = " ".join(f"{name}={value}" for name, value in getattr(record, FIELDS, {}).items())
        return f"{text} {further}" if further else text


def log_config(*, form: str, level: str) -> dict[str, Any]:
    """The configuration of every log of a serving process, in the words of :func:`logging.config.dictConfig`."""
    formatter = JsonLines if form == "json" else TextLines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": f"{formatter.__module__}.{formatter.__qualname__}"}},
        "handlers": {"standard_error": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["standard_error"], "level": "WARNING"},
        "loggers": {name: {"level": level.upper()} for name in ("app", "uvicorn", "uvicorn.error", "uvicorn.access")},
    }
