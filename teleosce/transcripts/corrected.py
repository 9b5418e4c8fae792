"""What corrections tell of a station: how many words the machine hears wrongly there, and which terms it lacks. Pure.

What is measured: of the words in turns that a person has read through, how many that person changed. A turn counts as
read through when somebody said that it is right, or corrected a word in it. Case and punctuation do not count. This is
not the word error rate of the literature: a word that the machine left out is seen only where somebody writes it beside
its neighbour. And it says too much where turns were only corrected in passing, as a turn is opened because something in
it is wrong: so it comes with how many of the turns were said to be right, and is best where these are most of them.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from teleosce.transcripts.models import Word

OFTEN = 3
"""A correction is frequent from so many times on, in ENCOUNTERS or more."""
ENCOUNTERS = 2


@dataclass(frozen=True)
class ReadTurn:
    """A turn that a person has read through. right: somebody said that it is, as it now stands."""

    encounter_id: str
    right: bool
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Misheard:
    """Words heard wrongly in turns that were read through. low, high: Wilson's interval for the share, 95 %.

    Words of one turn are not independent of each other, so the interval is rather too narrow.
    """

    encounters: int
    turns: int
    right: int
    words: int
    wrong: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Proposal:
    """A term for a vocabulary: what was meant, what was heard instead, how often, and in how many encounters."""

    term: str
    heard: tuple[str, ...]
    times: int
    encounters: int


def misheard(turns: Sequence[ReadTurn]) -> Misheard:
    """How many words the machine heard wrongly, of those that people read."""
    words = [word for turn in turns for word in turn.words]
    wrong = sum(is_wrong(word) for word in words)
    low, high = wilson(wrong, len(words))
    return Misheard(
        encounters=len({turn.encounter_id for turn in turns}),
        turns=len(turns),
        right=sum(turn.right for turn in turns),
        words=len(words),
        wrong=wrong,
        share=wrong / len(words) if words else None,
        low=low,
        high=high,
    )


def proposals(turns: Iterable[ReadTurn], known: Iterable[str]) -> list[Proposal]:
    """What was corrected often, the most frequent first, without what stands in the vocabulary already.

    known: the station's terms. Words that were struck out, and numbers, are no terms.
    """
    meant: dict[str, Counter[str]] = defaultdict(Counter)
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for turn in turns:
        for word in turn.words:
            term = " ".join(plain(word.reading))
            if is_wrong(word) and re.search(r"[^\W\d]", term):
                said[term, " ".join(plain(word.text))].append(turn.encounter_id)
                meant[term][_bare(word.reading)] += 1
    listed = [plain(term) for term in known]
    found: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for (term, heard), where in said.items():
        if (
            len(where) >= OFTEN
            and len(set(where)) >= ENCOUNTERS
            and not any(_holds(one, term.split()) for one in listed)
        ):
            found[term].append((heard, where))
    made = [
        Proposal(
            term=meant[term].most_common(1)[0][0],
            heard=tuple(heard for heard, _ in pairs),
            times=sum(len(where) for _, where in pairs),
            encounters=len({one for _, where in pairs for one in where}),
        )
        for term, pairs in found.items()
    ]
    return sorted(made, key=lambda one: (-one.times, one.term))


def is_wrong(word: Word) -> bool:
    """Whether a person changed a word, in more than its case or punctuation."""
    return word.corrected is not None and plain(word.corrected) != plain(word.text)


def plain(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation."""
    bare = unicodedata.normalize("NFKD", text).casefold().replace("’", "'")
    without = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return re.findall(r"\w+(?:'\w+)*", without)


def wilson(wrong: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The score interval for a share (Wilson 1927, J. Am. Stat. Assoc. 22); 0 to 1 for none."""
    if not of:
        return 0.0, 1.0
    share, square = wrong / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def _bare(text: str) -> str:
    return text.strip(" .,;:!?…\"“”'‘’()")


def _holds(term: Sequence[str], words: Sequence[str]) -> bool:
    return any(list(term[at : at + len(words)]) == list(words) for at in range(len(term) - len(words) + 1))
