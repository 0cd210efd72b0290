"""Visitors of a real browser: one who points and one who has a keyboard alone. Every page they reach is inspected."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urldefrag

from playwright.sync_api import ConsoleMessage, ElementHandle, Error, Locator, Page, Request

from tests.web.inspection import CHECKS, Inspector

FOCUS = f"""wanted => {{ const now = document.activeElement;
    return [now === wanted, now === document.body, now === document.body ? [] : {CHECKS}.unfocused(now)] }}"""
MOST_STOPS = 300


class Visitor:
    """Somebody with a pointer; says what to do in words that stand on the page."""

    def __init__(self, page: Page, *, scripts: bool, inspector: Inspector, home: str, thorough: bool = False) -> None:
        self.page = page
        self.scripts = scripts
        self.inspector = inspector
        self.home = home
        self.axe = ("each state" if thorough else "each other kind") if scripts else ""
        self.complaints: list[str] = []
        self.listeners = {"console": self._hear, "pageerror": self._fail, "request": self._ask}
        for event, listener in self.listeners.items():
            page.on(event, listener)

    def leave(self) -> None:
        """Hear nothing of what others do in this tab."""
        for event, listener in self.listeners.items():
            self.page.remove_listener(event, listener)

    def _hear(self, told: ConsoleMessage) -> None:
        if told.type in {"error", "warning"} and "422" not in told.text:
            self.complaints.append(f"{self.page.url}: {told.text}")

    def _fail(self, error: Error) -> None:
        self.complaints.append(f"{self.page.url}: {error}")

    def _ask(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:")):
            self.complaints.append(f"{self.page.url} asks for {request.url}")

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(path)
        self.arrive()

    def arrive(self) -> None:
        """Look at the page that has come."""
        self.complaints += self.inspector.complaints(self.page, axe=self.axe)

    def resize(self, width: int) -> None:
        """Look at the same page on another screen."""
        size = self.page.viewport_size
        self.page.set_viewport_size({**size, "width": width})
        self.complaints += self.inspector.complaints(self.page, axe=self.axe, resized=True)
        self.page.set_viewport_size(size)

    def follow(self, name: str) -> None:
        """Go where a link leads."""
        self._leave(self.page.get_by_role("link", name=name).first)

    def press(self, name: str, *, stays: bool = False) -> None:
        """Press a button; ``stays``: a script answers on the same page."""
        button = self.page.get_by_role("button", name=name).first
        if stays:
            self.activate(button)
        else:
            self._leave(button)

    def _leave(self, target: Locator) -> None:
        with self.page.expect_navigation(wait_until="load"):
            self.activate(target)
        self.arrive()

    def choose(self, label: str, *, exact: bool = False) -> None:
        """Tick a box or pick one of several."""
        self.pick(self.page.get_by_label(label, exact=exact).first)

    def go_back(self) -> None:
        """The browser's own way back."""
        self.page.go_back()

    def activate(self, target: Locator) -> None:
        """Do what a click does."""
        target.click()

    def pick(self, target: Locator) -> None:
        """Tick."""
        target.check()

    def write(self, label: str, text: str, *, exact: bool = False) -> None:
        """Replace what stands in a field."""
        self.fill(self.field(label, exact=exact), text)

    def fill(self, target: Locator, text: str) -> None:
        """Replace what stands there."""
        target.fill(text)

    def select(self, label: str, option: str) -> None:
        """Choose from a list."""
        self.field(label).select_option(option)

    def attach(self, label: str, file: Path) -> None:
        """Hand over a file."""
        self.field(label).set_input_files(file)

    def field(self, label: str, *, exact: bool = False) -> Locator:
        """What is labelled so."""
        return self.page.get_by_label(label, exact=exact).first

    def reads(self, *words: str) -> None:
        """The page says all of this."""
        text = self.page.inner_text("main")
        missing = [word for word in words if word not in text]
        assert not missing, f"{self.page.url} does not say {missing}"

    def count(self, selector: str) -> int:
        """How many there are."""
        return self.page.locator(selector).count()


class KeyboardVisitor(Visitor):
    """Somebody with Tab, Enter, Space, the arrows and letters, who has to see at every stop where the focus is."""

    def arrive(self) -> None:
        """Look at the page, and leave its navigation out by the link that is there for it."""
        super().arrive()
        if self.page.evaluate("document.activeElement !== document.body || location.hash !== ''"):
            return  # the page has put the focus where something is to be said
        self.page.keyboard.press("Tab")
        self._see(self.page.locator(".skip").element_handle())
        self.page.keyboard.press("Enter")
        self.page.wait_for_function("document.activeElement.id === 'main'") if self.scripts else None

    def activate(self, target: Locator) -> None:
        """Enter follows links and presses buttons."""
        self.reach(target)
        self.page.keyboard.press("Enter")

    def pick(self, target: Locator) -> None:
        """Space ticks; arrows move between those of which one can be picked."""
        if target.get_attribute("type") == "radio":
            name = target.get_attribute("name")
            self._tab_until(lambda: self.page.evaluate("name => document.activeElement.name === name", name), name)
            self.page.keyboard.press("Space")
            for _ in range(self.page.locator(f"input[type=radio][name='{name}']").count()):
                if target.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
        elif not target.is_checked():
            self.reach(target)
            self.page.keyboard.press("Space")
        assert target.is_checked()

    def go_back(self) -> None:
        """The link past the navigation has left a place of its own to go back to."""
        here = urldefrag(self.page.url).url
        while urldefrag(self.page.url).url == here:
            super().go_back()

    def fill(self, target: Locator, text: str) -> None:
        """Select what stands there and type over it."""
        self.reach(target)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)

    def select(self, label: str, option: str) -> None:
        """Arrows move through a list."""
        box = self.field(label)
        self.reach(box)
        values = box.evaluate("box => [box.selectedIndex, ...[...box.options].map(one => one.value)]")
        steps = values[1:].index(option) - values[0]
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        assert box.input_value() == option

    def attach(self, label: str, file: Path) -> None:
        """The button of the field can be reached; the chooser that it opens is the browser's own."""
        self.reach(self.field(label))
        super().attach(label, file)

    def reach(self, target: Locator) -> None:
        """Press Tab until the focus is there."""
        handle = target.element_handle()
        if not self.page.evaluate("wanted => document.activeElement === wanted", handle):
            self._tab_until(lambda: self._see(handle), str(target))

    def walk(self) -> int:
        """Press Tab from the beginning of a page to its end; the number of stops."""
        first = self.page.locator(".skip").element_handle()
        for stops in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            again, nowhere = self._stop(first)
            if nowhere or (again and stops):
                return stops
        raise AssertionError(f"{self.page.url}: the focus does not come to an end")

    def _tab_until(self, found: Callable[[], bool], what: str) -> None:
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            if found():
                return
        raise AssertionError(f"{self.page.url}: {what} cannot be reached by keyboard")

    def _see(self, wanted: ElementHandle) -> bool:
        return self._stop(wanted)[0]

    def _stop(self, wanted: ElementHandle | None = None) -> tuple[bool, bool]:
        """Whether the focus is where it is wanted, and whether it is nowhere; it has to be seen in any case."""
        there, nowhere, unseen = self.page.evaluate(FOCUS, wanted)
        self.complaints += [f"{self.page.url}: {each}" for each in unseen if self.inspector.is_new(each)]
        return there, nowhere
