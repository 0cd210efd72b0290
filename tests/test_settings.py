import re

import pytest

from app.settings import ROOT, Settings, SettingsError, variable


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "http", "WHICHRIG_PORT: Enter a whole number."),
        ("PORT", "70000", "WHICHRIG_PORT: Enter a whole number of 65,535 or less."),
        ("WORKERS", "0", "WHICHRIG_WORKERS: Enter a whole number of 1 or more."),
        ("LOG_LEVEL", "loud", "WHICHRIG_LOG_LEVEL: Choose critical, error, warning, info or debug."),
        (
            "RATE_LIMIT",
            "0/minute",
            "WHICHRIG_RATE_LIMIT: Enter a number and second, minute, hour or day, such as 60/minute.",
        ),
        (
            "CORS_ORIGINS",
            "https://a.example/path",
            "WHICHRIG_CORS_ORIGINS: Enter addresses without a path, such as https://example.org, or * alone.",
        ),
        (
            "DATABASE_URL",
            "mysql://x",
            "WHICHRIG_DATABASE_URL: Enter sqlite:///path or postgresql://user:password@host/name.",
        ),
        (
            "PUBLIC_URL",
            "rig.example.org",
            "WHICHRIG_PUBLIC_URL: Enter an address that begins with https:// or http://.",
        ),
    ],
)
def test_a_bad_value_is_told_with_the_name_of_its_variable(name, value, told):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({f"WHICHRIG_{name}": value})

    assert str(caught.value) == told


def test_nothing_needs_to_be_set():
    assert Settings.from_environment({"PATH": "/bin"}) == Settings()


def test_an_empty_variable_counts_as_not_set():
    assert Settings.from_environment({"WHICHRIG_PORT": ""}).port == Settings().port


def test_a_variable_replaces_the_default():
    settings = Settings.from_environment({"WHICHRIG_PORT": "9000", "WHICHRIG_LOG_LEVEL": "DEBUG"})

    assert (settings.port, settings.log_level) == (9000, "debug")


def test_a_slash_at_the_end_of_the_public_address_is_dropped():
    settings = Settings.from_environment({"WHICHRIG_PUBLIC_URL": "https://rig.example.org/"})

    assert settings.public_url == "https://rig.example.org"


def test_a_secret_can_be_read_from_a_file(tmp_path):
    secret = tmp_path / "database-url"
    secret.write_text("postgresql://rig:secret@db/rig\n")

    settings = Settings.from_environment({"WHICHRIG_DATABASE_URL_FILE": str(secret)})

    assert settings.database_url == "postgresql://rig:secret@db/rig"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"WHICHRIG_DATABASE_URL_FILE: .*/missing cannot be read: No such file"):
        Settings.from_environment({"WHICHRIG_DATABASE_URL_FILE": str(tmp_path / "missing")})


def test_a_value_and_a_file_for_it_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="not both"):
        Settings.from_environment({"WHICHRIG_PORT": "1", "WHICHRIG_PORT_FILE": str(tmp_path / "port")})


def test_every_setting_is_documented_with_its_default_and_meaning():
    text = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    rows = {
        name: (default, meaning)
        for name, default, meaning in re.findall(
            r"^\| `(WHICHRIG_\w+)` \| (.*?) \| .*? \| (.*) \|$", text, re.MULTILINE
        )
    }

    expected = {
        variable(name): (f"`{field.default}`" if field.default != "" else "empty", field.description)
        for name, field in Settings.model_fields.items()
    }
    assert rows == expected
