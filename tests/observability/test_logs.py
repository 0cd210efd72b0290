import json
import logging
import logging.config

import pytest

from app.observability import request_ids
from app.observability.logs import FIELDS, JsonLines, TextLines, log_config


@pytest.fixture
def record():
    def make(message: str, *, fields: dict | None = None, error: Exception | None = None) -> logging.LogRecord:
        raised = (type(error), error, None) if error else None
        made = logging.LogRecord("app.x", logging.WARNING, __file__, 1, message, (), raised)
        if fields:
            setattr(made, FIELDS, fields)
        return made

    return make


def test_a_line_is_one_json_object_whatever_stands_in_it(record):
    line = JsonLines().format(record("two\nlines “quoted”", fields={"status": 200}))

    told = json.loads(line)
    assert "\n" not in line
    assert (told["message"], told["level"], told["logger"], told["status"]) == (
        "two\nlines “quoted”", "warning", "app.x", 200,
    )  # fmt: skip


def test_a_line_within_a_request_carries_its_id(record):
    request_ids.begin("order-17")

    assert json.loads(JsonLines().format(record("x")))["request_id"] == "order-17"


def test_what_was_raised_is_part_of_the_line(record):
    told = json.loads(JsonLines().format(record("failed", error=ZeroDivisionError("by zero"))))

    assert "ZeroDivisionError: by zero" in told["exception"]


def test_text_lines_show_the_further_fields(record):
    assert (
        TextLines().format(record("request", fields={"status": 200, "ms": 1.5})) == "WARNING: request status=200 ms=1.5"
    )


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_configuration_is_one_that_logging_takes(form):
    made = log_config(form=form, level="info")

    configured = logging.config.DictConfigurator(made)
    assert isinstance(configured.configure_formatter(made["formatters"]["lines"]), logging.Formatter)
    assert made["loggers"]["app"]["level"] == "INFO"
