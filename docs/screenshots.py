"""Take the screenshots of docs/screenshots from a running service: ``python docs/screenshots.py http://127.0.0.1:8000``."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).with_name("screenshots")
QUESTION = "/q/size?goal=adapt&domain=photos"
RESULT = "/result?goal=adapt&domain=text&model=medium&frequency=few_days&have=gpu&card_name=GTX+1080&card_count=1"
BUSY = "/result?task=train&domain=detection&samples=500000&runs_per_month=20&country=DE"
LORA = "/result?task=finetune&domain=text&model=llama-3.1-8b&country=DE"
SHOTS = {
    # name: address, width and height in pixels, colour scheme, the whole page or what a screen shows
    "home": ("/", (1180, 900), "light", True),
    "question": (QUESTION, (1180, 900), "light", True),
    "question-phone": (QUESTION, (390, 844), "light", True),
    "check": (RESULT.replace("/result", "/check"), (1180, 800), "light", True),
    "result": (RESULT, (1180, 1400), "light", False),
    "result-dark": (RESULT, (1180, 1400), "dark", False),
    "result-phone": (RESULT, (390, 1400), "light", False),
    "settings": (RESULT.replace("/result", "/settings"), (1180, 1300), "light", False),
    "settings-phone": (RESULT.replace("/result", "/settings"), (390, 1400), "dark", False),
    "buy-or-rent": (BUSY + "#rent", (1180, 1200), "light", False),
    "common-questions": ("/questions", (1180, 900), "light", True),
    "hardware": ("/hardware?memory_gib_min=24&kind=gpu&sort=price", (1180, 1100), "light", False),
    "device": ("/hardware/geforce-rtx-3090", (1180, 1100), "light", False),
    "device-phone": ("/hardware/geforce-rtx-3090", (390, 1400), "dark", False),
    "other-ways": (LORA + "#fit", (1180, 1300), "light", False),
    "time-and-cost": (LORA + "#times", (1180, 1000), "dark", False),
    "paste": ("/paste?model=llama-3.1-8b", (1180, 1000), "light", False),
    "learn": ("/learn/memory-of-training", (1180, 1300), "light", False),
    "cloud-dark": ("/cloud?q=h100&currency=EUR", (1180, 1100), "dark", False),
    "cluster": ("/result?task=pretrain&domain=text&parameters=70e9&tokens=1.4e12", (1180, 1300), "light", False),
    "serving-phone": (
        "/result?task=inference&domain=text&model=llama-3.1-8b&concurrent_requests=50",
        (390, 1400),
        "dark",
        False,
    ),
    "result-german": (RESULT + "&lang=de", (1180, 1300), "light", False),
    "working": (LORA + "#working", (1180, 900), "light", False),
    "no-match": ("/hardware?q=abacus&memory_gib_min=900", (1180, 700), "light", True),
    "compare": ("/compare?ids=geforce-rtx-3090,geforce-rtx-4090", (1180, 1100), "light", False),
}


def main(base_url: str) -> None:
    """Take every shot, without JavaScript."""
    FOLDER.mkdir(exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, (path, (width, height), scheme, whole) in SHOTS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=False
            )
            page.goto(base_url + path)
            page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)
            page.close()
        browser.close()
    print(f"{len(SHOTS)} screenshots in {FOLDER}")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000")
