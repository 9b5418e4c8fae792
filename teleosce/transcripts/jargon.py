"""Words that a patient may not know, each with the plain word. Pure, and English: `plain-words.txt` is the list.

A term that the patient has used before is no jargon to them, and is not counted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from teleosce.transcripts.models import Turn

_LIST = Path(__file__).with_name("plain-words.txt")


@dataclass(frozen=True)
class Jargon:
    """A term that the candidate used, what one can say instead, and when it was said, in ms of the recording."""

    term: str
    plain: str
    at_ms: tuple[int, ...]


@cache
def plain_words() -> dict[str, str]:
    """Term → plain words, all in lower case but for names."""
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines if line.strip() and not line.startswith("#"))
    return {term.strip(): plain.strip() for term, _, plain in pairs}


@cache
def _terms() -> re.Pattern[str]:
    longest_first = sorted(plain_words(), key=lambda term: -len(term))
    # "Oedema" is also written "edema".
    written = (re.escape(term).replace("ae", "a?e").replace("oe", "o?e") for term in longest_first)
    return re.compile(rf"\b({'|'.join(written)})s?\b")


@cache
def _listed() -> dict[str, str]:
    return {_short(term): term for term in plain_words()}


def _short(term: str) -> str:
    return term.replace("ae", "e").replace("oe", "e")


def jargon(turns: Iterable[Turn], candidate: str = "candidate") -> list[Jargon]:
    """What the candidate said, by the first time, without what anybody else had said before. turns: in order."""
    known: set[str] = set()
    said: dict[str, list[int]] = {}
    for turn in turns:
        for term, at_ms in _found(turn):
            if turn.role != candidate:
                known.add(term)
            elif term not in known:
                said.setdefault(term, []).append(at_ms)
    return [Jargon(term, plain_words()[term], tuple(times)) for term, times in said.items()]


def _found(turn: Turn) -> list[tuple[str, int]]:
    """The terms in a turn, each with the time of its first word."""
    text, starts = "", []
    for word in turn.words:
        starts.append((len(text), word.starts_ms))
        text += word.reading.lower() + " "
    return [
        (
            _listed()[_short(match[1])],
            max((at for at in starts if at[0] <= match.start()), default=(0, turn.starts_ms))[1],
        )
        for match in _terms().finditer(text)
    ]
