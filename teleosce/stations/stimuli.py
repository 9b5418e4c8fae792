"""Stimulus files: what they are by their content, and what an SVG may hold."""

import re
import xml.etree.ElementTree as ET
from pathlib import PurePosixPath

from teleosce.stations.findings import did_you_mean
from teleosce.stations.model import Stimulus, StimulusEntry
from teleosce.stations.snapshot import Snapshot

FOLDER = "stimuli"

_SIGNATURES: dict[str, tuple[str, tuple[tuple[int, bytes], ...]]] = {
    ".png": ("image/png", ((0, b"\x89PNG\r\n\x1a\n"),)),
    ".jpg": ("image/jpeg", ((0, b"\xff\xd8\xff"),)),
    ".jpeg": ("image/jpeg", ((0, b"\xff\xd8\xff"),)),
    ".webp": ("image/webp", ((0, b"RIFF"), (8, b"WEBP"))),
    ".pdf": ("application/pdf", ((0, b"%PDF-"),)),
    ".wav": ("audio/wav", ((0, b"RIFF"), (8, b"WAVE"))),
    ".webm": ("video/webm", ((0, b"\x1a\x45\xdf\xa3"),)),
    ".mp4": ("video/mp4", ((4, b"ftyp"),)),
}
_DECLARATION = re.compile(r"<!DOCTYPE|<!ENTITY|<\?xml-stylesheet", re.IGNORECASE)
_FETCH = re.compile(r"@import|url\((?!['\"]?#)", re.IGNORECASE)
_FORBIDDEN = {"script", "foreignObject", "iframe", "embed", "object", "audio", "video", "animate", "set"}


def stimulus(entry: StimulusEntry, line: int, snapshot: Snapshot) -> Stimulus | None:
    """The stimulus with its media type, or None after faults have been added to the snapshot.

    line: where `station.yaml` names the file.
    """
    path = PurePosixPath(entry.file)
    name = f"{FOLDER}/{entry.file}"
    if path.is_absolute() or ".." in path.parts or "\\" in entry.file:
        snapshot.add("station.yaml", line, f"“{entry.file}” lies outside the folder {FOLDER}/. Put it there.")
        return None
    if name not in snapshot.files:
        if name not in snapshot.refused:
            there = [other.removeprefix(f"{FOLDER}/") for other in snapshot.files if other.startswith(f"{FOLDER}/")]
            hint = did_you_mean(entry.file, there)
            snapshot.add("station.yaml", line, f"There is no file “{name}”.{hint}")
        return None
    media_type = _media_type(name, snapshot)
    return Stimulus(**entry.model_dump(), media_type=media_type) if media_type else None


def _media_type(name: str, snapshot: Snapshot) -> str | None:
    content, suffix = snapshot.files[name], PurePosixPath(name).suffix.lower()
    if suffix == ".svg":
        fault = _svg_fault(content)
        if fault:
            snapshot.add(name, *fault)
        return None if fault else "image/svg+xml"
    if suffix == ".mp3":
        return _checked(content[:3] == b"ID3" or content[:1] == b"\xff", "audio/mpeg", name, snapshot)
    if suffix not in _SIGNATURES:
        known = ", ".join(sorted([".svg", ".mp3", *_SIGNATURES]))
        snapshot.add(name, 1, f"This kind of file cannot be shown. Known: {known}.")
        return None
    media_type, signature = _SIGNATURES[suffix]
    right = all(content[start : start + len(mark)] == mark for start, mark in signature)
    return _checked(right, media_type, name, snapshot)


def _checked(right: bool, media_type: str, name: str, snapshot: Snapshot) -> str | None:
    if not right:
        snapshot.add(name, 1, f"The name says {media_type}, but the content is something else.")
    return media_type if right else None


def _svg_fault(content: bytes) -> tuple[int, str] | None:
    """Line and reason why an SVG is not taken: it may draw, but neither run nor fetch anything."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1, "The SVG is not UTF-8 here."
    if found := _DECLARATION.search(text):
        line = text.count("\n", 0, found.start()) + 1
        return line, f"An SVG with “{found[0]}” is not taken. Save it as plain SVG."
    try:
        root = ET.fromstring(text)  # noqa: S314 - without declarations there are no entities to expand
    except ET.ParseError as error:
        return error.position[0], "This is not a well-formed SVG."
    except (ValueError, RecursionError):
        return 1, "This is not a well-formed SVG."
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        return 1, "The name says SVG, but the content is something else."
    reasons = (reason for element in root.iter() if (reason := _element_fault(element)))
    reason = next(reasons, None)
    return (1, f"An SVG with {reason} is not taken: it may draw, but not run or fetch anything.") if reason else None


def _element_fault(element: "ET.Element[str]") -> str | None:
    kind = element.tag.rpartition("}")[2]
    if kind in _FORBIDDEN:
        return f"<{kind}>"
    if kind == "style" and _FETCH.search(element.text or ""):
        return "a style that fetches something"
    for key, value in element.attrib.items():
        attribute = key.rpartition("}")[2].lower()
        outside = attribute == "href" and not value.startswith(("#", "data:image/png", "data:image/jpeg"))
        if attribute.startswith("on") or outside or _FETCH.search(value):
            return f"{attribute}=“{value[:40]}”"
    return None
