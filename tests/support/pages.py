"""Reads a page of the command as a browser would: tags that close, text, attributes."""

from html.parser import HTMLParser

# Elements that have no end tag (HTML standard, 13.1.2).
_VOID = {"br", "meta"}


class Page(HTMLParser):
    """The structure of a page; feeding it raises AssertionError where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)
        if tag in {"h1", "h2", "h3"}:
            self.headings.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text, and whose heading it is part of."""
        if "style" in self._open:
            return
        self.texts.append(data)
        if self._open and (level := next((t for t in self._open if t in {"h1", "h2", "h3"}), "")):
            self.headings[-1] = (level, self.headings[-1][1] + data)

    @property
    def text(self) -> str:
        """All text, with blanks as a browser shows them."""
        return " ".join("".join(self.texts).split())

    def attributes(self, name: str) -> list[str]:
        """Return the values of an attribute wherever it stands."""
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of each element of a kind."""
        return [attrs for each, attrs in self.tags if each == tag]
