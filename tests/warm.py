"""The command line without its start: one process imports it, and every command that is asked for is a fork of that one.

Each is a process of its own, with its own arguments, folder, environment, files and exit status, for a third of the
time. As a program this module is that process (``warm.py ADDRESS``), or hands a command to it and takes its place
(``warm.py ADDRESS ARGUMENT ...``), which is why it imports little.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent


def program(address: str | Path) -> list[str]:
    """What stands for ``whichrig`` where a process answers at this address."""
    return [sys.executable, "-I", "-S", __file__, str(address)]


def hand_over(address: str, arguments: list[str]) -> int:
    """Let a command run with the files, folder and environment of this process; its exit status."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [b"-"], [0, 1, 2])
        with server.makefile("rw", encoding="utf-8") as talk:
            talk.write(json.dumps([arguments, str(Path.cwd()), dict(os.environ)]) + "\n")
            talk.flush()
            process = int(talk.readline())
            signal.signal(signal.SIGTERM, lambda *_: os.kill(process, signal.SIGTERM))
            return int(talk.readline())


def answer(address: str) -> None:
    """Import every command, and answer until standard input ends; in a fork that was asked for one, be that command."""
    sys.path[0] = str(ROOT)
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # as the command does before it imports the rest
    import gc
    import select
    from importlib import import_module

    from app import cli

    for name in ("app.server", *(f"app.commands.{command}" for command in cli.COMMANDS)):
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, _bury)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}.new")
        listening.listen()
        Path(f"{address}.new").rename(address)  # who finds it is answered
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            asking, _ = listening.accept()
            if os.fork() == 0:
                break
            asking.close()
        else:
            return
    _become_the_command(asking)
    cli.main()


def _bury(*_: object) -> None:
    """Let go of those that have told how their command ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become_the_command(asking: socket.socket) -> None:
    """Return in a fork that has everything of the command; here, wait for that one and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, *_ = socket.recv_fds(asking, 1, 3)
    with asking, asking.makefile("rw", encoding="utf-8") as talk:
        arguments, folder, environment = json.loads(talk.readline())
        process = os.fork()
        if process:
            for file in files:
                os.close(file)
            talk.write(f"{process}\n")
            talk.flush()
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            talk.write(f"{status if status >= 0 else 128 - status}\n")  # as a shell tells of a signal
            talk.flush()
            os._exit(0)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115 - until it ends
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(hand_over(sys.argv[1], sys.argv[2:]))
    answer(sys.argv[1])
