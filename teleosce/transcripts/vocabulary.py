"""The terms that Whisper is told beforehand."""

from collections.abc import Sequence

MOST = 24
"""More terms crowd out the sound."""


def terms(hints: Sequence[str]) -> list[str]:
    """The hints that are used: each once, at most MOST of them, in the given order."""
    return list(dict.fromkeys(" ".join(hint.split()) for hint in hints if hint.strip()))[:MOST]


def sentence(hints: Sequence[str]) -> str:
    """The hints as Whisper is given them: it writes as the hints are written.

    Without a capital and a full stop it leaves out those of what was said (measured: 1 sentence end of 6 left
    with `base`, against 4), and with them the ends of turns.
    """
    listed = ", ".join(hints)
    return f"{listed[:1].upper()}{listed[1:]}." if listed else ""
