"""How far a long piece of work is: one line that moves on a terminal, one line a step anywhere else."""

import shutil
import sys
from types import TracebackType
from typing import Self

import typer

from app.commands.session import message

WIDTH = 20
CLEAR = "\r\x1b[K"


class Progress:
    """A bar on standard error."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._name = total, 0, ""
        self._moves = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def step(self, name: str) -> None:
        """The next part begins."""
        self._done, self._name = self._done + 1, name
        if self._moves:
            self.detail("")
        else:
            message(f"[{'#' * self._done}{'.' * (self._total - self._done)}] {self._done} of {self._total}: {name}")

    def detail(self, text: str) -> None:
        """What is being done just now; told only where the line can move."""
        if self._moves:
            typer.echo(CLEAR + self._line(text, shutil.get_terminal_size().columns), err=True, nl=False)

    def clear(self) -> None:
        """Make room for a result."""
        if self._moves:
            typer.echo(CLEAR, err=True, nl=False)

    def _line(self, text: str, columns: int) -> str:
        filled = round(WIDTH * (self._done - 1) / self._total)
        bar = "#" * filled + "." * (WIDTH - filled)
        return f"[{bar}] {self._done} of {self._total}: {self._name} {text}"[: columns - 1].rstrip()
