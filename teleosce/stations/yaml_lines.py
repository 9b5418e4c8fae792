"""YAML as plain values, with the line of each, and every fault of the text itself."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

_DEPTH = 20
_NUMBER_LENGTH = 30
_TAG = "tag:yaml.org,2002:"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")

Place = tuple[str | int, ...]


@dataclass
class Document:
    """`value` holds mappings, lists, text, numbers, booleans and None; `lines` each place's line (from 1).

    The line of a value in a mapping is that of its key. `faults` are (line, message) of what was not kept.
    """

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest thing around it that is there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def parse(text: str) -> Document:
    """Never raises: text that is no YAML gives a document without a value and a fault that says where."""
    document = Document()
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.faults.append((mark.line + 1 if mark else 1, f"This is not YAML: {_reason(error)}."))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.faults.append((line, "There is a character here that YAML does not allow."))
    except RecursionError:
        document.faults.append((1, "This is nested too deeply."))
    else:
        if node is None:
            document.faults.append((1, "The file is empty."))
        else:
            _Reading(document).value(node, ())
    return document


class _Loader(yaml.SafeLoader):
    """Gives up on deep nesting at once: the scanner would take seconds to reach the end of it."""

    def fetch_flow_collection_start(self, token: Any) -> None:
        if self.flow_level >= _DEPTH:
            raise yaml.scanner.ScannerError(None, None, "it is nested too deeply", self.get_mark())
        super().fetch_flow_collection_start(token)


def _reason(error: yaml.MarkedYAMLError) -> str:
    parts = [str(part) for part in (error.context, error.problem) if part]
    reason = ", ".join(parts) or "it cannot be understood"
    if "found character '\\t'" in reason:
        return "there is a tab where spaces belong"
    if "mapping values are not allowed here" in reason:
        return "a colon is unexpected here (put a text that has a colon in quotes, and check the indentation)"
    return reason


class _Reading:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.scalars = yaml.constructor.SafeConstructor()
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.document.lines.setdefault(place, line)
        result = None
        if id(node) in self.seen:
            self.fault(line, "Anchors and aliases (& and *) are not used in stations. Write the text out.")
        elif len(place) > _DEPTH:
            self.fault(line, "This is nested too deeply.")
        else:
            self.seen.add(id(node))
            result = self.content(node, place)
        if not place:
            self.document.value = result
        return result

    def content(self, node: yaml.Node, place: Place) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, index)) for index, child in enumerate(node.value)]
        return self.scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                self.fault(line, "A key must be a single word.")
            elif key in result:
                first = self.document.lines[(*place, key)]
                self.fault(line, f"“{key}” stands here twice; it is already in line {first}.")
            else:
                self.document.lines[(*place, key)] = line
                result[key] = self.value(child, (*place, key))
        return result

    def scalar(self, node: yaml.ScalarNode) -> Any:
        line, tag, text = node.start_mark.line + 1, str(node.tag).removeprefix(_TAG), str(node.value)
        if _CONTROL.search(text):
            self.fault(line, "There is a control character in this text.")
            return ""
        if tag in ("str", "timestamp", "value", "merge"):
            return text
        if tag not in ("bool", "int", "float", "null"):
            self.fault(line, f"The tag “{node.tag[:60]}” is not used in stations.")
            return text
        try:
            return self.plain(node, tag, text)
        except (ValueError, IndexError):
            self.fault(line, f"“{text[:40]}” is not a value that can be used.")
            return text

    def plain(self, node: yaml.ScalarNode, tag: str, text: str) -> Any:
        """The value of an unquoted scalar that is no text; raises ValueError or IndexError."""
        if len(text) > _NUMBER_LENGTH:
            raise ValueError(text)
        constructors = {
            "bool": self.scalars.construct_yaml_bool,
            "int": self.scalars.construct_yaml_int,
            "float": self.scalars.construct_yaml_float,
            "null": self.scalars.construct_yaml_null,
        }
        return constructors[tag](node)

    def fault(self, line: int, message: str) -> None:
        self.document.faults.append((line, message))
