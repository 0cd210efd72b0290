"""The real browser of the tests: where it is, and how it costs least."""

import os
import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first draws the same pages for an eighth less processor time; ``run`` looks for the same."""
FRUGAL = (
    "--no-sandbox", "--no-zygote", "--disable-gpu", "--in-process-gpu", "--num-raster-threads=1",
    "--disable-site-isolation-trials", "--renderer-process-limit=1", "--disable-lcd-text", "--disable-threaded-animation",
)  # fmt: skip
"""One process does what a quarter more processor time does in several."""


def installed_chromium() -> str:
    """The program that ``CHROMIUM`` names, or the first that is installed."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "install Chromium, or name it as CHROMIUM=/path/to/chromium"
    return found
