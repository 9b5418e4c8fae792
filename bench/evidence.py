"""How often the right moment is among the three that the desk offers for an item, against plain full-text search.

    .venv/bin/python -m bench.evidence [--half development]

Labelled consultations (bench/consultations), the shipped mark sheets, the program's own passages, encoder and ranking.
Nothing was chosen by the held-out half, which is the default. See README.md.
"""

import argparse
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from bench.labelled import Consultation, consultations
from bench.machine import machine
from teleosce.stations import Item
from teleosce.transcripts.evidence import Moment, Sought, Strength, find, queries
from teleosce.transcripts.meaning import Encoder, Vectors, pack, unpack
from teleosce.transcripts.passages import CLINICIAN, Known, Passage, passages

MINUTES = 15


@dataclass
class Tally:
    """Of how many items the right moment was among the first three; strengths as they were called."""

    items: int = 0
    offered: int = 0
    words: int = 0
    words_in_passages: int = 0
    words_and_cues: int = 0
    chance: float = 0.0
    strong: list[tuple[bool, str]] = field(default_factory=list)
    """Whether a moment called strong was right, and how its item was marked."""
    nothing: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    """By the item's mark: whether nothing better than weak was found for it."""

    def __add__(self, other: "Tally") -> "Tally":
        nothing = {mark: self.nothing[mark] + other.nothing[mark] for mark in ("done", "partly", "not_done")}
        return Tally(
            self.items + other.items,
            self.offered + other.offered,
            self.words + other.words,
            self.words_in_passages + other.words_in_passages,
            self.words_and_cues + other.words_and_cues,
            self.chance + other.chance,
            self.strong + other.strong,
            defaultdict(list, nothing),
        )


def sought(items: Iterable[Item]) -> list[Sought]:
    return [Sought(item.id, item.text, item.anchors.done, item.cues) for item in items]


class FullText:
    """Texts under SQLite's FTS5, as the program's own search has the turns; any of a query's words, by BM25."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._index = sqlite3.connect(":memory:")
        self._index.execute("CREATE VIRTUAL TABLE said USING fts5(body, tokenize='porter unicode61')")
        self._index.executemany("INSERT INTO said(rowid, body) VALUES (?, ?)", enumerate(texts))

    def first(self, text: str) -> list[int]:
        terms = " OR ".join(f'"{word}"' for word in sorted(set(re.findall(r"\w+", text.lower()))))
        rows = self._index.execute("SELECT rowid FROM said WHERE said MATCH ? ORDER BY rank LIMIT 3", [terms])
        return [number for (number,) in rows]


def known(encoder: Encoder, found: list[Passage]) -> list[Known]:
    """As the worker keeps them."""
    return [
        Known("", one.number, one.turns[0].id, one.turns[-1].id, one.starts_ms, one.ends_ms, "",
              unpack(pack(encoder.in_context([turn.text for turn in one.turns]))))
        for one in found
    ]  # fmt: skip


def judge(one: Consultation, found: list[Passage], moments: dict[str, list[Moment]]) -> Tally:
    """A passage is right when the clinician's turns in it are of a line in which the item shows."""
    own = {
        p.number: frozenset[int]().union(*(one.lines[turn.id] for turn in p.turns if turn.role == CLINICIAN))
        for p in found
    }
    passage_of = {turn.id: passage.number for passage in found for turn in passage.turns}
    index = FullText(" ".join(turn.text for turn in passage.turns) for passage in found)
    turns, tally = FullText(turn.text for turn in one.turns), Tally()
    said = [one.lines[turn.id] for turn in one.turns]
    for item in one.sheet.items:
        offered, shows, mark = moments[item.id], one.shows.get(item.id, frozenset()), one.marks[item.id]
        right = [bool(own[passage_of[moment.turn_id]] & shows) for moment in offered]
        tally.nothing[mark].append(all(moment.strength is Strength.weak for moment in offered))
        for moment, is_right in zip(offered, right, strict=True):
            if moment.strength is Strength.strong:
                tally.strong.append((is_right, mark))
        if shows:
            tally.items += 1
            tally.offered += any(right)
            tally.words += any(said[number] & shows for number in turns.first(item.text))
            tally.words_in_passages += any(own[number] & shows for number in index.first(item.text))
            cued = index.first(" ".join((item.text, *item.cues)))
            tally.words_and_cues += any(own[number] & shows for number in cued)
            spoken = [number for number in own if own[number]]
            wrong = sum(not own[number] & shows for number in spoken) / len(spoken)
            tally.chance += 1 - wrong**3
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["development", "held-out"], default="held-out")
    half = parser.parse_args().half
    print(machine())
    encoder, asked = Encoder(), dict[str, Vectors]()
    by_station: dict[str, Tally] = {}
    spent_s: list[float] = []
    items_s: dict[str, float] = {}
    for one in consultations(half):
        wanted = sought(one.sheet.items)
        if one.station not in asked:
            began = time.process_time()
            asked[one.station] = encoder.vectors(queries(wanted))
            items_s[one.station] = time.process_time() - began
        began = time.process_time()
        found = passages(one.turns)
        moments = find(wanted, asked[one.station], one.turns, known(encoder, found))
        spent_s.append((time.process_time() - began) * MINUTES / one.minutes)
        by_station[one.station] = by_station.get(one.station, Tally()) + judge(one, found, moments)
    _print(half, by_station, spent_s, list(items_s.values()))


def _columns(tally: Tally) -> tuple[float, ...]:
    return tally.offered, tally.words, tally.words_in_passages, tally.words_and_cues, tally.chance


def _print(half: str, by_station: dict[str, Tally], spent_s: list[float], items_s: list[float]) -> None:
    every = sum(by_station.values(), Tally())
    print(f"\nThe right moment among the first three, {half} half\n")
    print("| Station | Items | The desk | Full text alone | of passages | with cues | By chance |")
    print("|---|---|---|---|---|---|---|")
    for name, tally in [*sorted(by_station.items()), ("**all**", every)]:
        share = [x / tally.items for x in _columns(tally)]
        print(f"| {name} | {tally.items} | " + " | ".join(f"{x:.2f}" for x in share) + " |")
    print(f"\nthe desk against full text alone: {every.offered / max(every.words, 1):.2f} times, "
          f"against full text of passages: {every.offered / max(every.words_in_passages, 1):.2f} times")  # fmt: skip
    for name, marks in (("all items", None), ("items done or partly done", ("done", "partly"))):
        right = [is_right for is_right, mark in every.strong if marks is None or mark in marks]
        print(f"moments called strong, of {name}: {len(right)}, of which right {np.mean(right):.2f}")
    for mark, nothing in sorted(every.nothing.items()):
        print(f"items {mark}: {len(nothing)}; nothing better than weak found for {np.mean(nothing):.2f} of them")
    wrongly = sum(mark == "not_done" for _, mark in every.strong)
    print(f"moments called strong for items not done: {wrongly} of {3 * len(every.nothing['not_done'])} places")
    print(
        f"processor, for {MINUTES} minutes of talk: {np.mean(spent_s):.2f} s (at most {max(spent_s):.2f}); "
        f"once for a station's items: {np.mean(items_s):.2f} s (at most {max(items_s):.2f})"
    )


if __name__ == "__main__":
    main()
