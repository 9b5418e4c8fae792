from collections.abc import Callable
from pathlib import Path

import pytest

STATION = """\
title: A sore throat
specialty: General practice
domains:
  history: History taking
  telehealth: Communication via telehealth
blueprint: [acute]
timings:
  reading_s: 60
  encounter_s: 480
  note_s: 120
licence: CC-BY-4.0
author: A. Author
vocabulary: [tonsils, paracetamol]
stimuli:
  - id: throat
    title: Photograph of the throat
    file: throat.svg
    alt: Red tonsils without exudate.
    shown: on-request
"""
SCRIPT = """\
# Script

## Opening line
“My throat hurts, and my tonsils look awful.”

## Story
You woke with it.

## Facts by topic
### Medicines
You take paracetamol.

## Disclose only if asked
You cannot swallow.

## Cues and emotions
Worried.
"""
ITEM = """\
  - id: item-{0}
    text: Does thing {0}
    domain: {1}
    weight: 2
"""
SHEET = (
    "items:\n"
    + "".join(ITEM.format(n, "history" if n % 2 else "telehealth") for n in range(10))
    + """\
global_rating:
  anchors:
    fail: Unsafe.
    borderline: Nearly.
    pass: Safe.
    good: Fluent.
    excellent: A model.
sp_rating:
  - {id: listened, text: You felt heard, low: Not at all, high: Entirely}
"""
)
NOTE = "fields:\n  - {id: plan, label: Plan, required: true}\n"
REHEARSAL = """\
lines:
  - {speaker: candidate, text: Hello.}
  - {speaker: sp, text: My tonsils hurt., pause_s: 1}
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>\n'

FILES = {
    "station.yaml": STATION,
    "door-note.md": "You see a patient with a sore throat.\n",
    "sp-script.md": SCRIPT,
    "mark-sheet.yaml": SHEET,
    "note.yaml": NOTE,
    "rehearsal.yaml": REHEARSAL,
    "stimuli/throat.svg": SVG,
}

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a sound station folder, with the files given by name replaced, added or (None) left out."""

    def write(changes: dict[str, str | bytes | None] | None = None, name: str = "sore-throat") -> Path:
        folder = tmp_path / name
        for file, content in {**FILES, **(changes or {})}.items():
            if content is not None:
                path = folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.fixture
def sound() -> dict[str, str]:
    """The text of each file of the sound station."""
    return dict(FILES)
