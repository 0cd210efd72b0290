"""How long a recommendation takes over HTTP, beside a FastAPI no-op in the same run.

    .venv/bin/python bench/recommend_speed.py [--seconds 3] [--clients 8]

Both servers run on 127.0.0.1 with one process each. The last lines ask with several clients at once, and meanwhile for
/healthz: how long a small question waits behind large ones.
"""

import argparse
import statistics
import threading
import time

from measuring import Client, at_once, during, line, noop, service

QUESTIONS = {
    "learn": {"workload": {"task": "learn"}},
    "table": {"workload": {"task": "classical", "algorithm": "xgboost", "dataset": {"rows": 5e6, "columns": 80}}},
    "pictures": {
        "workload": {"task": "train", "domain": "vision", "model": {"name": "resnet-50"}, "dataset": {"samples": 2e5}}
    },
    "language": {
        "workload": {"task": "finetune", "domain": "text", "model": {"name": "llama-3.1-8b"}, "method": "qlora"}
    },
    "serving": {
        "workload": {
            "task": "inference",
            "domain": "text",
            "model": {"name": "llama-3.1-70b"},
            "concurrent_requests": 32,
        }
    },
    "cluster": {
        "workload": {
            "task": "pretrain",
            "domain": "text",
            "model": {"parameters": 3e10, "architecture": "decoder"},
            "dataset": {"tokens": 1e12},
        }
    },
}


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each line")
    parser.add_argument("--clients", type=int, default=8, help="at once, in the last lines")
    options = parser.parse_args()
    with noop() as idle, service() as busy:
        empty, client = Client(idle), Client(busy)
        noop_s = statistics.median(during(options.seconds, lambda: empty.seconds("/")))
        print(line("FastAPI no-op", [noop_s], noop_s=noop_s))
        medians = []
        for name, body in QUESTIONS.items():
            found = during(options.seconds, lambda body=body: client.seconds("/recommend", body=body))
            medians.append(statistics.median(found))
            print(line(f"POST /recommend {name}", found, noop_s=noop_s))
        middle = statistics.median(medians)
        print(f"median of the questions: {middle * 1e3:.2f} ms, {middle / noop_s:.1f} x no-op")
        together(busy, options, noop_s)


def together(port, options, noop_s):
    """Several clients ask for recommendations while one asks for /healthz."""
    waited, stop = [], threading.Event()

    def ask_for_health():
        client = Client(port)
        while not stop.is_set():
            waited.append(client.seconds("/healthz"))
            time.sleep(0.005)

    watcher = threading.Thread(target=ask_for_health)
    watcher.start()
    started = time.monotonic()

    def measure_of():
        client = Client(port)
        return lambda: client.seconds("/recommend", body=QUESTIONS["language"])

    found = at_once(options.clients, options.seconds, measure_of)
    rate = len(found) / (time.monotonic() - started)
    stop.set()
    watcher.join()
    print(line(f"{options.clients} clients at once", found, noop_s=noop_s), f"{rate:.1f}/s")
    print(line("GET /healthz meanwhile", waited, noop_s=noop_s))


if __name__ == "__main__":
    main()
