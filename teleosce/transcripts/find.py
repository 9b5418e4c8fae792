"""Search across recordings, by words and by meaning.

Words come from the full text. Meaning is the likeness of the question's vector to that of every turn, heard in its
passage: those of the exam are compared one by one, which is exact and takes some tens of milliseconds, in a thread.
Vectors stay in memory, packed as they are stored, for as long as their transcript does not change.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.core.db import Database
from teleosce.core.errors import Unavailable
from teleosce.transcripts import store_search as store
from teleosce.transcripts.meaning import SIZE, Vectors
from teleosce.transcripts.models import Hit
from teleosce.transcripts.question import terms, topic
from teleosce.transcripts.questions import Questions

KEPT = 1000
"""So many encounters' vectors stay in memory: some 120 kB each."""
_BATCH = 60


class Match(StrEnum):
    """By what is searched."""

    words = "words"
    meaning = "meaning"
    both = "both"


LEAST: Mapping[str, float] = {"strong": 0.48, "likely": 0.35, "faint": 0.28}
"""From which likeness on something counts as found, by the strength that a person asks for.

Chosen on the development half of the labelled consultations: what has nothing to do with a topic nearly always stays
below 0.35, and what is above 0.48 is about it.
"""


@dataclass(frozen=True)
class Found:
    """A moment. The quote is the turn that fits best; from_ms and to_ms take in what belongs to it.

    by: whether the words were said, something like them was, or both. likeness: 0 to 1; None where words alone count.
    """

    encounter_id: str
    turn_id: str
    role: str
    starts_ms: int
    ends_ms: int
    from_ms: int
    to_ms: int
    by: Match
    likeness: float | None
    text: str = ""

    @property
    def weight(self) -> float:
        """For the order: what was said in these words comes first."""
        return (self.likeness or 0.0) + (1.0 if self.by is not Match.meaning else 0.0)


@dataclass(frozen=True)
class Findings:
    """What was found, the best first of each encounter. searched: where a transcript was there to be searched.

    unread: of these, what could not be searched by meaning. fault: why nothing could be, for a person.
    """

    found: Mapping[str, list[Found]]
    searched: frozenset[str]
    unread: frozenset[str] = frozenset()
    fault: str | None = None


@dataclass(frozen=True)
class _Turn:
    id: str
    role: str
    starts_ms: int
    ends_ms: int


@dataclass(frozen=True)
class _Meanings:
    """One encounter: rows of vectors, packed; of each row its turn, -1 for a whole passage, and its passage."""

    stamp: int
    packed: NDArray[np.int8]
    lengths: NDArray[np.float32]
    turn: NDArray[np.int32]
    passage: NDArray[np.int32]
    turns: tuple[_Turn, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass
class Finder:
    """Searches. One for a server: the encoder and the vectors are loaded when they are first asked for."""

    database: Database
    questions: Questions
    _known: dict[str, _Meanings] = field(default_factory=dict)
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(
        self, query: str, encounter_ids: Collection[str], *, match: Match, role: str | None, least: float
    ) -> Findings:
        """What some encounters hold of what is asked for. role: who said it, None for anybody."""
        async with self.database.read() as connection:
            ready = await store.ready(connection, encounter_ids)
            wanted = terms(query) if match is not Match.meaning else []
            hits = await store.by_words(connection, list(ready), wanted, role) if wanted else []
        found = [_of_hit(hit) for hit in hits]
        unread: frozenset[str] = frozenset()
        fault: str | None = None
        if match is not Match.words:
            try:
                vector = (await self.questions.vectors([topic(query)]))[0]
                meanings = await self._meanings(ready)
            except Unavailable as missing:
                fault = missing.message
            else:
                unread = frozenset(ready) - meanings.keys()
                found = await asyncio.to_thread(_joined, found, meanings, vector, role, least)
        return Findings(await self._quoted(found), frozenset(ready), unread, fault)

    def forget(self, encounter_id: str) -> None:
        """Lets go of what an encounter's words meant, as they are gone."""
        self._known.pop(encounter_id, None)

    async def _meanings(self, ready: Mapping[str, int | None]) -> dict[str, _Meanings]:
        """The vectors of the encounters that are read as they now are."""
        async with self._loading:
            stale = [one for one, stamp in ready.items() if stamp is not None and not self._is_known(one, stamp)]
            for some in _batches(stale, _BATCH):
                async with self.database.read() as connection:
                    turns = await store.turns_of(connection, some)
                    vectors = await store.vectors_of(connection, some)
                stamps = {one: ready[one] or 0 for one in some}
                loaded = await asyncio.to_thread(_loaded, stamps, turns, vectors)
                self._known |= loaded
            found = {one: self._known[one] for one, stamp in ready.items() if self._is_known(one, stamp)}
            for one in list(self._known)[: max(0, len(self._known) - KEPT)]:
                del self._known[one]
        return found

    def _is_known(self, encounter_id: str, stamp: int | None) -> bool:
        known = self._known.get(encounter_id)
        return known is not None and known.stamp == stamp

    async def _quoted(self, found: Iterable[Found]) -> dict[str, list[Found]]:
        kept = sorted(found, key=lambda one: (one.encounter_id, -one.weight, one.starts_ms))
        missing = [one.turn_id for one in kept if not one.text]
        texts: dict[str, str] = {}
        async with self.database.read() as connection:
            for some in _batches(missing, 5000):
                texts |= await store.texts(connection, some)
        # A turn whose words went meanwhile is no moment any more.
        whole = [one if one.text else replace(one, text=texts.get(one.turn_id, "")) for one in kept]
        return {key: [one for one in group if one.text] for key, group in groupby(whole, lambda one: one.encounter_id)}


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


def _of_hit(hit: Hit) -> Found:
    return Found(
        hit.encounter_id, hit.turn_id, hit.role, hit.starts_ms, hit.ends_ms, hit.starts_ms, hit.ends_ms, Match.words,
        None, hit.text,
    )  # fmt: skip


def _loaded(stamps: Mapping[str, int], turns: Iterable[Any], vectors: Iterable[Any]) -> dict[str, _Meanings]:
    said: dict[str, list[_Turn]] = {}
    for row in turns:
        said.setdefault(row.encounter_id, []).append(_Turn(row.id, row.role, row.starts_ms, row.ends_ms))
    packed: dict[str, list[tuple[str, bytes]]] = {}
    for row in vectors:
        packed.setdefault(row.encounter_id, []).append((row.first_turn, row.vectors))
    found = {one: _meanings(stamp, said.get(one, []), packed.get(one, [])) for one, stamp in stamps.items()}
    return {one: meanings for one, meanings in found.items() if meanings is not None}


def _meanings(stamp: int, turns: list[_Turn], packed: list[tuple[str, bytes]]) -> _Meanings | None:
    """None when passages and turns do not belong to each other: the transcript changed between two looks."""
    whole = np.frombuffer(b"".join(data for _, data in packed), np.int8).reshape(-1, SIZE)
    turn, passage, spans, at = [], [], [], 0
    for number, (first, data) in enumerate(packed):
        count = len(data) // SIZE - 1
        own = turns[at : at + count]
        if len(own) != count or not own or own[0].id != first:
            return None
        turn += [-1, *range(at, at + count)]
        passage += [number] * (count + 1)
        spans.append((own[0].starts_ms, max(one.ends_ms for one in own)))
        at += count
    if at != len(turns):
        return None
    lengths = np.linalg.norm(whole.astype(np.float32), axis=1)
    return _Meanings(
        stamp, whole, np.maximum(lengths, 1e-9), np.array(turn, np.int32), np.array(passage, np.int32), tuple(turns),
        tuple(spans),
    )  # fmt: skip


def _joined(
    words: list[Found], meanings: Mapping[str, _Meanings], vector: Vectors, role: str | None, least: float
) -> list[Found]:
    """What was found by words and by meaning, each passage once."""
    of_encounter: dict[str, list[Found]] = {}
    for one in words:
        of_encounter.setdefault(one.encounter_id, []).append(one)
    found = [one for one in words if one.encounter_id not in meanings]
    for encounter_id, known in meanings.items():
        found += _in_one(encounter_id, known, vector, role, least, of_encounter.get(encounter_id, []))
    return found


def _in_one(  # noqa: PLR0917 all of it is needed
    encounter_id: str, known: _Meanings, vector: Vectors, role: str | None, least: float, words: list[Found]
) -> Iterator[Found]:
    likeness = (known.packed.astype(np.float32) @ vector) / known.lengths
    by_turn = {known.turns[turn].id: row for row, turn in enumerate(known.turn) if turn >= 0} if words else {}
    said = {}
    for one in words:
        row = by_turn.get(one.turn_id)
        if row is None:
            yield one
            continue
        number = int(known.passage[row])
        begin, end = known.spans[number]
        if number not in said:
            said[number] = replace(
                one, from_ms=begin, to_ms=end, by=Match.words, likeness=round(float(likeness[row]), 3)
            )
    for number in np.unique(known.passage[likeness >= least]).tolist():
        best = _best(known, likeness, number, role)
        if best is not None and best[1] >= least and number not in said:
            turn, (begin, end) = known.turns[best[0]], known.spans[number]
            yield Found(
                encounter_id, turn.id, turn.role, turn.starts_ms, turn.ends_ms, begin, end, Match.meaning,
                round(best[1], 3),
            )  # fmt: skip
    for number, one in said.items():
        best = _best(known, likeness, number, role)
        yield replace(one, by=Match.both, likeness=round(best[1], 3)) if best and best[1] >= least else one


def _best(known: _Meanings, likeness: Vectors, number: int, role: str | None) -> tuple[int, float] | None:
    """The turn of a passage that is most like what is asked for, and how much; with a role, of its turns alone."""
    rows = np.flatnonzero(known.passage == number).tolist()
    own = [row for row in rows[1:] if role in (None, known.turns[known.turn[row]].role)]
    if not own:
        return None
    best = max(own, key=lambda row: float(likeness[row]))
    # What is said together may be what is asked for, though no turn of it is alone.
    alike = max(float(likeness[best]), float(likeness[rows[0]])) if role is None else float(likeness[best])
    return int(known.turn[best]), alike
