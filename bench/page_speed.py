"""How long the pages take over HTTP, beside a FastAPI no-op in the same run; and what making an answer's page costs.

.venv/bin/python bench/page_speed.py [--seconds 2]
"""

import argparse
import json
import statistics
import time

from measuring import Client, during, line, noop, service

from app.contract.answer import RecommendationAnswer
from app.http.templating import render
from app.questionnaire.answers import Answers
from app.web.pages.result import ResultPage

HTML = "text/html"
PAGES = (
    "/",
    "/q/goal",
    "/hardware",
    "/hardware/geforce-rtx-4090",
    "/models",
    "/scenarios",
    "/docs",
    "/docs/api",
    "/result?task=finetune&domain=text&model=llama-3.1-8b&method=lora",
)
QUESTION = {"workload": {"task": "finetune", "domain": "text", "model": {"name": "llama-3.1-8b"}, "method": "lora"}}
ALLOWED_S = 0.015
"""What making the page of an answer may cost the processor. [s]"""


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each line")
    options = parser.parse_args()
    with noop() as idle, service() as busy:
        empty, client = Client(idle), Client(busy)
        noop_s = statistics.median(during(options.seconds, lambda: empty.seconds("/")))
        print(line("FastAPI no-op", [noop_s], noop_s=noop_s))
        for path in PAGES:
            found = during(options.seconds, lambda path=path: client.seconds(path, accept=HTML))
            print(line(f"GET {path.split('?')[0]}", found, noop_s=noop_s))
        answer = RecommendationAnswer.model_validate(json.loads(client.text("/recommend", body=QUESTION)))
    cost_s = statistics.median(during(options.seconds, lambda: rendering_s(answer)))
    print(f"an answer's page costs {cost_s * 1e3:.1f} ms of processor time, {cost_s / ALLOWED_S:.2f} of the limit")


def rendering_s(answer):
    """Processor time from an answer to its page. [s]"""
    started = time.process_time()
    render(ResultPage.of(answer, answers=Answers()))
    return time.process_time() - started


if __name__ == "__main__":
    main()
