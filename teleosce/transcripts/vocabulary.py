"""The terms that Whisper is told beforehand."""

from collections.abc import Sequence

MOST = 24
"""More terms crowd out the sound."""


def terms(hints: Sequence[str]) -> list[str]:
    """The hints that are used: each once, at most MOST of them, in the given order."""
    return list(dict.fromkeys(" ".join(hint.split()) for hint in hints if hint.strip()))[:MOST]
