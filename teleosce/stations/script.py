"""`sp-script.md`: level-2 headings are the parts, and a part's heading says what kind it is."""

from collections.abc import Iterator

from teleosce.stations.findings import Severity, did_you_mean
from teleosce.stations.model import MARKDOWN_LIMIT, ScriptKind, ScriptPart
from teleosce.stations.snapshot import Snapshot

FILE = "sp-script.md"

HEADINGS = {
    "opening line": ScriptKind.opening,
    "story": ScriptKind.story,
    "facts by topic": ScriptKind.facts,
    "disclose only if asked": ScriptKind.on_request,
    "cues and emotions": ScriptKind.cues,
    "on video": ScriptKind.video,
    "questions to ask": ScriptKind.questions,
}
"""What a clinician writes after `## `, in any case."""

_NEEDED = (ScriptKind.opening, ScriptKind.facts)
_WANTED = (ScriptKind.story, ScriptKind.on_request, ScriptKind.cues)


def script_parts(text: str, snapshot: Snapshot) -> tuple[ScriptPart, ...]:
    """The parts of a script in the order written; faults are added to the snapshot."""
    parts: list[ScriptPart] = []
    for line, title, body in _sections(text):
        if title is None:
            if any(row.strip() and not row.startswith("# ") for row in body.splitlines()):
                snapshot.add(FILE, line, "Text before the first “## ” heading belongs to no part. Move it under one.")
            continue
        kind = HEADINGS.get(" ".join(title.lower().split()), ScriptKind.other)
        _look_at(snapshot, line, (kind, title, body), [part.kind for part in parts])
        if title and body.strip():
            parts.append(ScriptPart(kind=kind, title=title[:2000], body=body.strip()[:MARKDOWN_LIMIT]))
    there = {part.kind for part in parts}
    for heading, kind in HEADINGS.items():
        message = f"The script has no part “## {heading.capitalize()}”."
        if kind in _NEEDED and kind not in there:
            snapshot.add(FILE, 1, message)
        elif kind in _WANTED and kind not in there:
            snapshot.add(FILE, 1, message, Severity.warning)
    return tuple(parts)


def _look_at(snapshot: Snapshot, line: int, part: tuple[ScriptKind, str, str], earlier: list[ScriptKind]) -> None:
    kind, title, body = part
    if not title:
        snapshot.add(FILE, line, "This heading has no words.")
    elif not body.strip():
        snapshot.add(FILE, line, f"The part “{title}” is empty.")
    elif len(body) > MARKDOWN_LIMIT:
        snapshot.add(FILE, line, f"The part “{title}” is too long.")
    if kind is ScriptKind.other and title:
        hint = did_you_mean(title, HEADINGS) or f" Usual headings: {', '.join(HEADINGS)}."
        message = f"“{title}” is not one of the usual headings.{hint} The SP sees it as it stands."
        snapshot.add(FILE, line, message, Severity.warning)
    elif kind in earlier:
        snapshot.add(FILE, line, f"There is already a part “{title}”. Join the two.")


def _sections(text: str) -> Iterator[tuple[int, str | None, str]]:
    """Line, heading (None before the first) and body of each section; fenced code has no headings."""
    line, title, body, fence = 1, None, list[str](), ""
    for number, row in enumerate(text.splitlines(), start=1):
        mark = row.lstrip()[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        if not fence and (row.startswith("## ") or row.rstrip() == "##"):
            yield line, title, "\n".join(body)
            line, title, body = number, row[2:].strip().rstrip("#").strip(), []
        else:
            body.append(row)
    yield line, title, "\n".join(body)
