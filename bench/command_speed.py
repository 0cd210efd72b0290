"""How much processor time commands take, beside an interpreter that imports numpy in the same run.

.venv/bin/python bench/command_speed.py [--times 3]

Processor time, because a busy machine makes everybody wait; the least of several runs, the second and later ones of a
database. The limits: 0.4 s for help, 1 s for an answer.
"""

import argparse
import os
import subprocess
import sys
import tempfile

PROGRAM = "from app.cli import main; main()"
HELP_S, ANSWER_S = 0.4, 1.0
FINETUNE = "--task finetune --domain text --model llama-3.1-8b --method lora --budget-usd 2500"
COMMANDS = (
    ("--help", HELP_S),
    ("recommend --help", HELP_S),
    ("accuracy --help", HELP_S),
    ("prices sync --help", HELP_S),
    ("catalogue import --help", HELP_S),
    ("admin create-user --help", HELP_S),
    (f"recommend {FINETUNE}", ANSWER_S),
    ("recommend --task learn --budget-usd 0", ANSWER_S),
    ("estimate --task train --model resnet-50 --accelerator RTX-4090", ANSWER_S),
    ("fit --hardware RTX-3090", ANSWER_S),
    ("hardware show 4090", ANSWER_S),
    ("offers list", ANSWER_S),
)


def main() -> int:
    """Measure and print; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="runs of each command")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"WHICHRIG_DATABASE_URL": f"sqlite:///{folder}/whichrig.db"}
        for _ in range(2):  # make the catalogue, and keep it ready
            _seconds([PROGRAM, "models", "list", "llama"], environment, times=1)
        yardstick_s = _seconds(["import numpy"], environment, times=times)
        print(f"{'import numpy':62} {yardstick_s:5.2f} s")
        missed = 0
        for command, limit_s in COMMANDS:
            seconds = _seconds([PROGRAM, *command.split()], environment, times=times)
            missed += seconds >= limit_s
            told = f"{seconds:5.2f} s of {limit_s:.1f}  {seconds / yardstick_s:4.1f} x numpy"
            print(f"{command[:62]:62} {told}")
    return int(missed > 0)


def _seconds(program: list[str], environment: dict[str, str], *, times: int) -> float:
    """The least processor time of some runs."""
    taken = []
    for _ in range(times):
        before = os.times()
        subprocess.run([sys.executable, "-c", *program], env=environment, capture_output=True, check=True)
        after = os.times()
        taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(taken)


if __name__ == "__main__":
    sys.exit(main())
