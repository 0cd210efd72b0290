"""Run in a process of its own, to be killed: publishes one number in three entries at once, and says so."""

import os
import sys
from pathlib import Path

from app.admin import drafts, publishing
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.db import connect, transaction

CARDS = ("geforce-rtx-4090", "geforce-rtx-3090", "geforce-gt-720")


def publish_forever(url: str, number: int, said: str) -> None:
    """Every publication is acknowledged by a line in the file ``said``."""
    engine, hardware = connect(url), entity_named("hardware")
    with Path(said).open("a", buffering=1) as file:
        _publish(engine, hardware, number, file)


def _publish(engine, hardware, number, file) -> None:
    while True:
        number += 1
        with transaction(engine) as session:
            for key in CARDS:
                now = entry(session, hardware, key=key)
                values = {**now.values, "note": str(number)}
                drafts.update(session, hardware, key=key, values=values, tag=now.tag, why="", actor="a")
        publishing.publish(engine, actor="a", why="again")
        file.write(f"{number}\n")


def main() -> None:
    """For each line with an address, a number and a file: begin a process that publishes, say its id, and bury it."""
    for line in sys.stdin:
        url, number, said = line.split()
        process = os.fork()
        if process == 0:
            publish_forever(url, int(number), said)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()
        os.waitpid(process, 0)
        sys.stdout.write("dead\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
