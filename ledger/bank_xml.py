"""Reading a stranger's XML: no document type, no entities, bounded in size, depth and number of elements. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from core.errors import Invalid

#: The largest file, the deepest nesting and the most elements that are read.
BYTES_MOST = 8 << 20
DEPTH_MOST = 40
ELEMENTS_MOST = 400_000


@dataclass(slots=True)
class Node:
    """One element: its local name, its attributes, its own text, what stands in it, and the line it begins on."""

    name: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, path: str) -> Iterator[Node]:
        """Yield the elements at a path of local names below this one."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.name == first:
                yield from child.all(rest) if rest else (child,)

    def first(self, path: str) -> Node | None:
        """Return the first element at a path; None where there is none."""
        return next(self.all(path), None)

    def told(self, path: str) -> str:
        """Return the text of the first element at a path, without blanks around it; empty where there is none."""
        found = self.first(path)
        return found.text.strip() if found is not None else ""


class _Reader:
    """Builds the tree while the parser walks, and gives up at the first thing that is not ours to read."""

    def __init__(self) -> None:
        self.root = Node("", {}, 0)
        self.open = [self.root]
        self.count = 0
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ProcessingInstructionHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse(self, *_: object) -> None:
        raise Invalid("xml_not_plain", line=self.parser.CurrentLineNumber)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > ELEMENTS_MOST or len(self.open) > DEPTH_MOST:
            raise Invalid("xml_too_large", line=self.parser.CurrentLineNumber)
        node = Node(tag.rpartition("}")[2], attributes, self.parser.CurrentLineNumber)
        self.open[-1].children.append(node)
        self.open.append(node)

    def _end(self, _: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        self.open[-1].text += text


def read_xml(content: bytes) -> Node:
    """Return the outermost element of an XML file.

    Refuses Invalid `xml_too_large` (size, depth, number of elements), `xml_not_plain` (a document type, an entity, an
    instruction to a processor), `xml_broken` with the line.

    >>> read_xml(b"<a><b>1</b></a>").told("b")
    '1'
    """
    if len(content) > BYTES_MOST:
        raise Invalid("xml_too_large", line=0)
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError):
        # An encoding that nobody knows is no ExpatError.
        raise Invalid("xml_broken", line=reader.parser.CurrentLineNumber) from None
    return reader.root.children[0]
