"""Where the records of an XML file are, and which values each holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from pipelines.errors import UsageError
from pipelines.onboarding.layout import Layout, Place

# A group of which nearly everything lies in one repeated element only wraps the records.
_WRAPPER_SHARE = 0.9
_WRAPPER_LEAVES = 2


@dataclass
class _Element:
    """What one path of element names was met with."""

    tag: str
    n: int = 0
    most: int = 0
    n_with_text: int = 0
    attributes: dict[str, None] = field(default_factory=dict)
    children: dict[str, _Element] = field(default_factory=dict)

    @property
    def is_leaf(self) -> bool:
        return not self.children

    @property
    def size(self) -> int:
        """Elements at and below this path."""
        return self.n + sum(child.size for child in self.children.values())

    def repeated(self) -> list[_Element]:
        return [child for child in self.children.values() if child.most > 1]


def xml_layout(path: Path) -> Layout:
    """The layout of an XML file: the record element and its values. Raises UsageError where no element repeats."""
    root = _xml_tree(path)
    steps, record = _record_of(root)
    ignored: dict[str, None] = {}
    left_out: list[str] = []
    columns, places = _xml_places(record, ignored, left_out)
    if not columns:
        raise UsageError(f"{path}: its records <{record.tag}> hold no values of their own; name a file of flat records")
    needs_siblings = any(place.siblings for place in places)
    known = {*steps, *(part for p in [*columns, *(c for q in places for c in (*q.columns, q.rows or ""))]
                       for part in p.split("/"))}  # fmt: skip
    section: dict[str, Any] = {"record": "/" + "/".join(steps)}
    names = [name for name in [*ignored, *_outside(root, steps)] if name not in known]
    if names:
        section["ignored_elements"] = sorted(set(names))
    return Layout("xml", [Place(record.tag, columns, siblings=needs_siblings), *places], {"xml": section}, [], left_out)


def _xml_tree(path: Path) -> _Element:
    root: _Element | None = None
    stack: list[_Element] = []
    counts: list[Counter[str]] = []
    try:
        for event, element in etree.iterparse(
            str(path), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
            huge_tree=True, remove_comments=True, remove_pis=True,
        ):  # fmt: skip
            if event == "start":
                tag = etree.QName(element).localname
                if stack:
                    here = stack[-1].children.setdefault(tag, _Element(tag))
                    counts[-1][tag] += 1
                    here.most = max(here.most, counts[-1][tag])
                else:
                    root = here = _Element(tag)
                here.n += 1
                here.attributes.update(dict.fromkeys(str(name) for name in element.attrib if "{" not in str(name)))
                stack.append(here)
                counts.append(Counter())
                continue
            here = stack.pop()
            counts.pop()
            here.n_with_text += bool((element.text or "").strip())
            element.clear()
            # What is cleared still hangs on its parent and would fill the memory one by one.
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise UsageError(f"{path}: not well-formed or truncated: {error.msg}") from error
    assert root is not None
    return root


def _record_of(root: _Element) -> tuple[list[str], _Element]:
    """The path and element of the records: the outermost that repeats, behind groups that only wrap records; a document
    in which nothing repeats is itself the record."""
    steps, at = [root.tag], root
    found: tuple[list[str], _Element] | None = None
    while at.children:
        inner = [child for child in at.repeated() if not child.is_leaf] if found is None else at.repeated()
        if found is None:
            at = max(inner or at.children.values(), key=lambda child: child.size)
            steps = [*steps, at.tag]
            found = (steps, at) if inner else None
            continue
        largest = max((child for child in inner if child.children), key=lambda child: child.size, default=None)
        n_leaves = sum(child.is_leaf for child in at.children.values())
        if largest is None or n_leaves > _WRAPPER_LEAVES or largest.size < _WRAPPER_SHARE * (at.size - at.n):
            break
        at, steps = largest, [*steps, largest.tag]
        found = (steps, at)
    return found or ([root.tag], root)


def _outside(root: _Element, steps: list[str]) -> Iterator[str]:
    """Names of the elements that lie around the records."""
    for child in root.children.values():
        if len(steps) > 1 and child.tag == steps[1]:
            yield from _outside(child, steps[1:]) if len(steps) > 2 else ()
        else:
            yield from _names(child)


def _names(element: _Element) -> Iterator[str]:
    yield element.tag
    for child in element.children.values():
        yield from _names(child)


def _xml_places(record: _Element, ignored: dict[str, None], left_out: list[str]) -> tuple[list[str], list[Place]]:
    """The record's own columns, and an entity for each repeated element that a declaration can read."""
    columns = [f"@{name}" for name in record.attributes]
    places: list[Place] = []

    def visit(element: _Element, outer: tuple[str, ...]) -> None:
        for child in element.children.values():
            here = (*outer, child.tag)
            at = "/".join(here)
            if child.most == 1:
                if child.is_leaf or child.n_with_text:
                    columns.append(at)
                columns.extend(f"{at}/@{name}" for name in child.attributes)
                visit(child, here)
                continue
            place = _xml_place(child, element, outer, ignored, left_out)
            if place is not None:
                places.append(place)
            else:
                left_out.append(f"{at}: repeats in a way that a declaration cannot read; parse.py would have to")
                ignored.update(dict.fromkeys(_names(child)))

    visit(record, ())
    return columns, places


def _xml_place(
    element: _Element, parent: _Element, outer: tuple[str, ...], ignored: dict[str, None], left_out: list[str]
) -> Place | None:
    """The entity of a repeated element, None where its rows cannot be told apart."""
    at = "/".join((*outer, element.tag))
    inner: list[str] = []

    def leaves(one: _Element, steps: tuple[str, ...]) -> None:
        inner.extend("/".join((*steps, f"@{name}")) for name in one.attributes)
        for child in one.children.values():
            if child.most > 1:
                left_out.append(f"{at}/{'/'.join((*steps, child.tag))}: a list within a list")
                ignored.update(dict.fromkeys(_names(child)))
                continue
            if child.is_leaf or child.n_with_text:
                inner.append("/".join((*steps, child.tag)))
            leaves(child, (*steps, child.tag))

    is_alone = bool(outer) and len(parent.children) == 1
    if is_alone and not element.is_leaf:
        leaves(element, ())
        return Place(element.tag, inner, rows=at, n_met=element.n) if inner else None
    if is_alone:
        return Place(element.tag, [".", *(f"@{name}" for name in element.attributes)], rows=at, n_met=element.n)
    if outer:
        return None
    if element.is_leaf:
        attributes = [f"{at}/@{name}" for name in element.attributes]
        return Place(element.tag, [at, *attributes], repeated=at, siblings=True, n_met=element.n)
    leaves(element, ())
    # A row is kept for its marker, which every one must have.
    markers = [child for child in element.children.values() if child.is_leaf and child.n == element.n]
    marker = max(markers, key=lambda child: child.n_with_text, default=None)
    if marker is None:
        return None
    return Place(
        element.tag, [f"{at}/{path}" for path in inner], repeated=f"{at}/{marker.tag}", siblings=True, n_met=element.n
    )
