"""Forms as they stand on a page, filled in as somebody does who types what is not asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import urljoin

from tests.payloads import PAYLOADS

# Into these people type; whatever has no type is one of them.
TYPED_INTO = {"", "text", "search", "password"}
BUTTONS = {"submit", "image"}
NO_VALUE = {*BUTTONS, "reset", "button", "file"}
# A row that a script would copy.
BLANK_ROW = "__prefix__"
# PostgreSQL keeps no NUL.
CLEAN = [payload.replace("\x00", "") for payload in PAYLOADS]
HOSTILE = "\n".join(CLEAN)


@dataclass(frozen=True)
class Text:
    """Something that is typed into: how many letters it takes, and whether lines."""

    longest: int
    lines: bool
    secret: bool = False

    def leaving(self, room: int) -> Text:
        """With so much room left in it."""
        return replace(self, longest=max(self.longest - room, 1) if self.longest else 0)


@dataclass
class Paper:
    """One form of a page: where it goes, what is typed into it, and what stands in it already."""

    action: str
    ident: str = ""
    texts: dict[str, Text] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    # What is chosen from, with nothing chosen; what is to be filled in, and is empty.
    choices: dict[str, list[str]] = field(default_factory=dict)
    empty: dict[str, dict[str, str]] = field(default_factory=dict)
    # Where else its words go, and what the button says that sends them.
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def put(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)

    def ways(self) -> Iterator[Paper]:
        """The form once for each of its buttons."""
        for action, name, value in dict.fromkeys(self.buttons or [("", "", "")]):
            said = self.values | ({name: [value]} if name else {})
            yield replace(self, action=action or self.action, values=said)


class Papers(HTMLParser):
    """Every form of a page that is sent by POST."""

    def __init__(self, text: str, address: str) -> None:
        super().__init__()
        self.address = address
        self.found: list[Paper] = []
        self._outside: list[tuple[str, tuple[str, str, str]]] = []
        self._paper: Paper | None = None
        self._area = self._select = ""
        self._words: list[str] = []
        self.feed(text)
        self.close()
        for ident, button in self._outside:
            for paper in self.found:
                if paper.ident == ident:
                    paper.buttons.append(button)

    def handle_starttag(self, tag, attrs):
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._begin(has)
        elif tag == "button" or (tag == "input" and has.get("type") in BUTTONS):
            self._button(has)
        elif self._paper and BLANK_ROW not in has.get("name", ""):
            if "hx-post" in has:
                self._paper.buttons.append((has["hx-post"], "", ""))
            reads = getattr(self, f"_{tag}_begins", None)
            if reads and (tag == "option" or has.get("name")) and "disabled" not in has:
                reads(self._paper, has)

    def handle_data(self, data):
        if self._area:
            self._words.append(data)

    def handle_endtag(self, tag):
        if tag == "form":
            self._paper = None
        elif tag == "textarea" and self._area and self._paper:
            # A browser leaves out the newline that a page puts in front.
            self._paper.put(self._area, "".join(self._words).removeprefix("\n"))
            self._area = ""
        elif tag == "select":
            self._select = ""

    def _begin(self, has):
        if has.get("method", "").lower() == "post":
            action = urljoin(self.address, has.get("action", ""))
            self._paper = Paper(action, has.get("id", ""))
            self.found.append(self._paper)

    def _button(self, has):
        if has.get("type") in ("button", "reset"):
            return
        action = has.get("formaction", "").partition("#")[0]
        button = (urljoin(self.address, action) if action else "", has.get("name", ""))
        if "form" in has:
            self._outside.append((has["form"], (*button, has.get("value", ""))))
        elif self._paper:
            self._paper.buttons.append((*button, has.get("value", "")))

    def _textarea_begins(self, paper, has):
        self._area, self._words = has["name"], []
        paper.texts[has["name"]] = Text(int(has.get("maxlength", 0)), lines=True)

    def _input_begins(self, paper, has):
        name, kind, value = has["name"], has.get("type", ""), has.get("value", "")
        if kind in ("radio", "checkbox"):
            paper.choices.setdefault(name, []).append(value or "on")
            if "checked" in has:
                paper.put(name, value or "on")
            return
        if kind in NO_VALUE:
            return
        paper.put(name, value)
        if kind == "hidden":
            paper.hidden.add(name)
        elif kind in TYPED_INTO:
            longest = int(has.get("maxlength", 0))
            paper.texts[name] = Text(longest, lines=False, secret=kind == "password")
        if not value and kind != "hidden":
            paper.empty[name] = has

    def _select_begins(self, paper, has):
        self._select = has["name"]
        paper.choices.setdefault(has["name"], [])

    def _option_begins(self, paper, has):
        if self._select:
            paper.choices[self._select].append(has.get("value", ""))
            if "selected" in has:
                paper.put(self._select, has.get("value", ""))


class Turns:
    """What is typed next: as many of the payloads as an input takes, each of them in its turn."""

    def __init__(self) -> None:
        self.waiting, self.typed = list(CLEAN), Counter(dict.fromkeys(CLEAN, 0))

    def next(self, text: Text) -> str:
        """All of them where there is room; else those that have waited longest and fit."""
        longest = text.longest or len(HOSTILE)
        if text.lines and longest >= len(HOSTILE):
            return HOSTILE
        said: list[str] = []
        gap = "\n" if text.lines else " "
        for each in list(self.waiting):
            if len(gap.join([*said, each])) <= longest:
                said.append(each)
                self.waiting.remove(each)
        self.waiting += said
        self.typed.update(said)
        return gap.join(said) or self.waiting[0][:longest]
