"""From words to turns: a new one after a pause, and after the end of a sentence. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from teleosce.transcripts.models import HeardWord, Utterance

PAUSE_MS = 800
"""A silence longer than this begins a new turn."""

_ENDS = (".", "?", "!", "…")
_CLOSING = "\"'”’)]"
_TITLES = {"dr.", "mr.", "mrs.", "ms.", "st.", "prof."}


def ends_sentence(text: str) -> bool:
    """Whether a word closes its sentence; titles such as "Dr." do not."""
    bare = text.rstrip(_CLOSING)
    return bare.endswith(_ENDS) and bare.lower() not in _TITLES


def utterances(words: Mapping[str, Iterable[HeardWord]]) -> list[Utterance]:
    """The turns of all participants on one timeline, by their beginning; every word is in exactly one.

    words: for each participant, the words of all their takes.
    """
    turns = [
        Utterance(participant, tuple(group))
        for participant, heard in words.items()
        for group in _groups(sorted(heard, key=lambda word: (word.starts_ms, word.ends_ms)))
    ]
    return sorted(turns, key=lambda turn: (turn.starts_ms, turn.participant_id))


def _groups(words: Sequence[HeardWord]) -> Iterator[list[HeardWord]]:
    if not words:
        return
    group = [words[0]]
    for before, word in pairwise(words):
        if word.starts_ms - before.ends_ms > PAUSE_MS or ends_sentence(before.text):
            yield group
            group = []
        group.append(word)
    yield group
