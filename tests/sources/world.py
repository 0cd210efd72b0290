"""A server on this machine that answers for every source, as badly as a test wants it to."""

from dataclasses import dataclass, field


@dataclass
class Answer:
    """What is sent back; a list of answers is given one after another, the last one for ever."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    """Announced, when it is not the true one."""
    pause_s: float = 0.0


@dataclass
class World:
    """Everything that the server answers, and everything it was asked."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def put(self, address: str, *answers: Answer | bytes | str) -> None:
        """Answers for an address; without a query it stands for every query."""
        made = [
            one if isinstance(one, Answer) else Answer(one.encode() if isinstance(one, str) else one) for one in answers
        ]
        self.answers[address.removeprefix("https://")] = made

    def take(self, path: str) -> Answer:
        address = path.lstrip("/")
        found = self.answers.get(address) or self.answers.get(address.split("?")[0])
        if not found:
            return Answer(b"nothing here", 404)
        return found.pop(0) if len(found) > 1 else found[0]

    @property
    def paths(self) -> list[str]:
        return [path.lstrip("/") for path, _, _ in self.asked]
