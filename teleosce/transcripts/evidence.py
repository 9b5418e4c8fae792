"""The moments of a consultation that speak for each item of a mark sheet. Pure.

An item is sought by several queries: its text with the anchor of "done", and each of its author's cue phrases. A
query is as near to a passage as to the nearest of the clinician's turns in it; what a patient tells unasked speaks
for nobody. The rare words of the cues count beside it: alone they find less, together more. And a moment counts for
more the more it is *this* item's: by how much it stands higher with it than with any other item of the sheet. All
together give the chance that an examiner agrees, by a logistic regression on the development half of the labelled
consultations (bench/consultations). It finds; it never marks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from teleosce.transcripts.meaning import MODEL, Vectors
from teleosce.transcripts.models import Turn
from teleosce.transcripts.passages import CLINICIAN, Known
from teleosce.transcripts.terms import shared

METHOD = f"{MODEL}/1"
"""Names what found a moment, with the mark: raise the number when anything below changes."""

MOMENTS = 3
_CONSTANT, _NEARNESS, _STANDING, _LEAD = -3.74, 5.87, 0.33, 0.96
_WORDS = 0.8
"""What the standing by shared words weighs against that by meaning."""
_LISTED, _SOME, _STRONG = 0.08, 0.35, 0.70
"""Chances from which a moment is listed at all, and called some or strong evidence."""
_SHORT = 5
"""A turn of so few words is quoted with the one after it."""
_ANSWER = 160


class Strength(StrEnum):
    """How much a moment is worth looking at, in words. suggested: by a large language model, which does not say."""

    strong = "strong"
    some = "some"
    weak = "weak"
    suggested = "suggested"


@dataclass(frozen=True)
class Sought:
    """A checklist item as it is looked for."""

    id: str
    text: str
    done: str
    cues: tuple[str, ...]

    @property
    def queries(self) -> list[str]:
        """What is encoded."""
        return [f"{self.text}. {self.done}", *self.cues]


@dataclass(frozen=True)
class Moment:
    """What the clinician said, and how the answer to it begins. Times are from the start of the recording."""

    turn_id: str
    role: str
    from_ms: int
    to_ms: int
    quote: str
    answer: str
    answer_role: str
    strength: Strength
    chance: float


def queries(sought: Sequence[Sought]) -> list[str]:
    """The texts whose vectors `find` wants, in its order."""
    return [text for item in sought for text in item.queries]


def find(
    sought: Sequence[Sought], asked: Vectors, turns: Sequence[Turn], known: Sequence[Known]
) -> dict[str, list[Moment]]:
    """For each item at most three moments, the likeliest first; none where nothing comes near.

    asked: the vectors of `queries(sought)`. known: the passages of the transcript whose turns are given; those whose
    turns are no longer there are left out.
    """
    spoken = [passage for passage in _joined(turns, known) if passage.clinician]
    if not spoken or not sought:
        return {item.id: [] for item in sought}
    near = [asked @ passage.vectors.T for passage in spoken]
    nearest = np.stack([cosines.max(axis=1) for cosines in near], axis=1)
    wanted = [" ".join(item.cues or (item.text,)) for item in sought]
    words = shared([" ".join(turn.text for turn in passage.turns) for passage in spoken], wanted)
    chances = _chances(sought, nearest, words)
    found = {}
    first = 0
    for row, item in enumerate(sought):
        rows = slice(first, first := first + len(item.queries))
        best = np.argsort(-chances[row], kind="stable")[:MOMENTS]
        found[item.id] = [
            _moment(spoken[column], _pooled(near[column][rows]), float(chances[row, column]))
            for column in best
            if chances[row, column] >= _LISTED
        ]
    return found


def with_suggested(
    found: Mapping[str, list[Moment]], suggested: Mapping[str, Sequence[str]], turns: Sequence[Turn]
) -> dict[str, list[Moment]]:
    """What was found, and behind it what a large language model suggested and was not found."""
    place = {turn.id: number for number, turn in enumerate(turns)}
    return {
        item: moments
        + [
            _suggested(turns, place[turn])
            for turn in suggested.get(item, ())
            if turn in place and turn not in {moment.turn_id for moment in moments}
        ]
        for item, moments in found.items()
    }


def _suggested(turns: Sequence[Turn], at: int) -> Moment:
    return _told([turns[at]], turns[at:], Strength.suggested, 0.0)


@dataclass(frozen=True)
class _Spoken:
    """A passage with what the clinician said in it. vectors: of each of these turns."""

    turns: Sequence[Turn]
    clinician: list[Turn]
    vectors: Vectors


def _joined(turns: Sequence[Turn], known: Sequence[Known]) -> list[_Spoken]:
    place = {turn.id: number for number, turn in enumerate(turns)}
    joined = []
    for passage in known:
        first, last = place.get(passage.first_turn), place.get(passage.last_turn)
        if first is None or last is None or last + 2 - first != len(passage.vectors):
            continue
        mine = turns[first : last + 1]
        rows = [row for row, turn in enumerate(mine, 1) if turn.role == CLINICIAN and turn.text]
        joined.append(_Spoken(mine, [mine[row - 1] for row in rows], passage.vectors[rows]))
    return joined


def _chances(sought: Sequence[Sought], nearest: Vectors, words: Vectors) -> Vectors:
    """Items × passages. nearest: queries × passages; words: items × passages."""
    ends = np.cumsum([len(item.queries) for item in sought])
    pooled = np.stack([_pooled(part) for part in np.split(nearest, ends[:-1])])
    standing = _standing(_standing(pooled) + _WORDS * _standing(words))
    sums = _CONSTANT + _NEARNESS * pooled + _STANDING * standing + _LEAD * _lead(standing)
    return np.asarray(1 / (1 + np.exp(-sums)), np.float32)


def _standing(scores: Vectors) -> Vectors:
    """By how many standard deviations a passage is above what is usual with an item."""
    spread = np.maximum(scores.std(axis=1, keepdims=True), 1e-6)
    return np.asarray((scores - scores.mean(axis=1, keepdims=True)) / spread, np.float32)


def _pooled(cosines: Vectors) -> Vectors:
    """Of several queries the best and the mean count alike: one phrase that fits, and a topic that fits."""
    return np.asarray((cosines.max(axis=0) + cosines.mean(axis=0)) / 2, np.float32)


def _lead(standing: Vectors) -> Vectors:
    """By how much a passage stands higher with an item than with any other; with one item alone, not at all."""
    if len(standing) == 1:
        return np.zeros_like(standing)
    second, highest = np.sort(standing, axis=0)[-2:]
    return np.asarray(standing - np.where(standing == highest, second, highest), np.float32)


def _moment(passage: _Spoken, near: Vectors, chance: float) -> Moment:
    best = int(near.argmax())
    said = passage.clinician[best : best + (2 if len(passage.clinician[best].words) <= _SHORT else 1)]
    strength = Strength.strong if chance >= _STRONG else Strength.some if chance >= _SOME else Strength.weak
    return _told(said, passage.turns, strength, chance)


def _told(said: Sequence[Turn], turns: Sequence[Turn], strength: Strength, chance: float) -> Moment:
    """turns: those among which the answer is."""
    answers = [turn for turn in turns if turn.role != CLINICIAN and turn.starts_ms >= said[0].starts_ms]
    answer = next((turn for turn in answers if turn.text), None)
    return Moment(
        turn_id=said[0].id,
        role=said[0].role,
        from_ms=said[0].starts_ms,
        to_ms=max(turn.ends_ms for turn in said),
        quote=" ".join(turn.text for turn in said),
        answer=_shortened(answer.text) if answer else "",
        answer_role=answer.role if answer else "",
        strength=strength,
        chance=round(chance, 3),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _ANSWER else text[:_ANSWER].rsplit(" ", 1)[0] + " …"
