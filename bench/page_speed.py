"""How long the pages take over HTTP, beside a FastAPI no-op in the same run.

.venv/bin/python bench/page_speed.py [--seconds 2]
"""

import argparse
import statistics

from measuring import Client, during, line, noop, service

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


if __name__ == "__main__":
    main()
