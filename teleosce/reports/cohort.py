"""An exam's marks as arrays: what psychometrics reads, with the names of its rows and columns. Pure.

A candidate is at a station once: the attempt that counts. Nothing missing becomes 0: an item without a mark leaves the
station's sum, a part without a form leaves the station's score, a station without a score leaves the candidate's mean,
and all are told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.standards import Judged
from teleosce.reports.rules import ResultRules, Weights
from teleosce.scoring import GRADES, Layout, MarkedItem

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

CHECKLIST, SP_RATING, NOTE = "checklist", "sp_rating", "note"
PARTS: Mapping[str, str] = {CHECKLIST: "mark sheet", SP_RATING: "standardized patient's rating", NOTE: "note's items"}
"""What a station's score may be made of, and how each is called."""


@dataclass(frozen=True)
class Station:
    """A place of the ring as the results know it: `key` is the station version's hash, `slug` its folder's name."""

    key: str
    title: str
    layout: Layout
    slug: str = ""


@dataclass(frozen=True)
class Mark:
    """An examiner's submitted mark, or an encounter's mark of record, whose `form_id` is that of its first parent.

    items: done, partly, not_done or None by item. at_ms: when it was submitted. sp: the standardized patient's answers,
    whole numbers by question, and their form; of marks of record only, where they count.
    """

    encounter_id: str
    form_id: str
    candidate: str
    station: str
    circuit: str
    examiner: str
    at_ms: int
    items: Mapping[str, str | None]
    grade: str | None
    sp: Mapping[str, int | None] = field(default_factory=dict)
    sp_form: str | None = None


@dataclass(frozen=True)
class Missing:
    """What is not there, and why, in words. absent: the candidate was not there."""

    candidate: str
    station: str
    why: str
    absent: bool = False


@dataclass(frozen=True)
class Cohort:
    """Marks of record as candidates × stations, and all marks as a long list.

    scores: percent; grades: 0 to 4; both NaN where missing. parts: each part of the score by PARTS, percent. critical:
    the number of critical items failed. domains: percent by candidate. items: for each station candidates × items, the
    share (0 to 1) of what there was to reach: of an item that costs points, not doing it; `item_names` are its columns.
    long_*: an element for each mark of each examiner. lacks: where a score is missing that should be there; absent:
    because the candidate was not. outdated: what counts although a mark that it was settled from was amended
    afterwards. panel: by station hash, what judges expect of a borderline candidate. groups: of each candidate, "" for
    none; sites: where each sits. Both are empty where all are in one, sites also where somebody has none.
    """

    candidates: tuple[str, ...]
    circuits: tuple[str, ...]
    stations: tuple[Station, ...]
    scores: Numbers
    grades: Numbers
    parts: Mapping[str, Numbers]
    critical: Codes
    domains: Mapping[str, Numbers]
    items: tuple[Numbers, ...]
    item_names: tuple[tuple[str, ...], ...]
    examiners: tuple[str, ...]
    long_score: Numbers
    long_grade: Numbers
    long_candidate: Codes
    long_station: Codes
    long_examiner: Codes
    long_at_ms: Codes
    long_encounter: tuple[str, ...]
    missing: tuple[Missing, ...]
    lacks: NDArray[np.bool_]
    absent: NDArray[np.bool_]
    outdated: tuple[Missing, ...] = ()
    panel: Mapping[str, Judged] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


def cohort_of(
    stations: Sequence[Station],
    people: Mapping[str, str],
    records: Sequence[Mark],
    marks: Sequence[Mark],
    rules: ResultRules | None = None,
    *,
    missing: Sequence[Missing] = (),
    outdated: Sequence[Missing] = (),
    panel: Mapping[str, Judged] | None = None,
    groups: Mapping[str, str] | None = None,
    sites: Mapping[str, str] | None = None,
) -> Cohort:
    """Arrays of an exam. people: each candidate's circuit. What is of other people or stations is left out.

    records: the marks of record of each candidate at each station, for scores and decisions; of several the mean.
    marks: all that examiners gave, for what is asked about examiners. rules: what makes up a score (the items, unless
    they say otherwise).
    """
    rules = rules or ResultRules()
    rows = {name: row for row, name in enumerate(people)}
    columns = {station.key: column for column, station in enumerate(stations)}
    known, given = (
        [one for one in every if one.candidate in rows and one.station in columns] for every in (records, marks)
    )
    examiners = tuple(sorted({one.examiner for one in given}))
    codes = {name: code for code, name in enumerate(examiners)}
    shape = (len(rows), len(columns))
    scores, grades = np.full(shape, np.nan), np.full(shape, np.nan)
    parts = {name: np.full(shape, np.nan) for name in PARTS}
    names = sorted({item.domain for one in stations for item in one.layout.items.values()})
    domains = {name: np.full(shape, np.nan) for name in names}
    critical = np.zeros(len(rows), dtype=np.int64)
    tables, without = list[Numbers](), list[Missing]()
    for column, one in enumerate(stations):
        own = [mark for mark in known if mark.station == one.key]
        who = np.array([rows[mark.candidate] for mark in own], dtype=np.int64)
        items, weights = list(one.layout.items.values()), rules.weights_of(one.slug)
        table = _by_row(len(rows), who, _shares(own, one.layout.items))
        tables.append(table)
        apart = weights.note is not None
        for part, of in (
            (CHECKLIST, [not (item.note and apart) for item in items]),
            (NOTE, [item.note for item in items]),
        ):
            parts[part][:, column] = _percent(table[:, of], [item for item, yes in zip(items, of, strict=True) if yes])
        parts[SP_RATING][:, column] = _by_row(len(rows), who, _ratings(own, one.layout)[:, None])[:, 0]
        scores[:, column], lost = _score({name: table[:, column] for name, table in parts.items()}, one, weights, rules)
        without += _without(lost, np.isin(np.arange(len(rows)), who), list(people), one, rules)
        grades[:, column] = _by_row(len(rows), who, _grades(own)[:, None])[:, 0]
        for name in {item.domain for item in items}:
            mine = [item.domain == name for item in items]
            domains[name][:, column] = _percent(table[:, mine], [item for item in items if item.domain == name])
        critical += (table[:, [item.critical for item in items]] == 0).sum(axis=1)
    gone = [one for one in (*missing, *without) if one.candidate in rows and one.station in columns]
    lacks, absent = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for miss in gone:
        at = rows[miss.candidate], columns[miss.station]
        lacks[at], absent[at] = np.isnan(scores[at]), miss.absent
    return Cohort(
        candidates=tuple(people),
        circuits=tuple(people.values()),
        stations=tuple(stations),
        scores=scores,
        grades=grades,
        parts=parts,
        critical=critical,
        domains={name: _over_stations(own) for name, own in domains.items()},
        items=tuple(tables),
        item_names=tuple(tuple(one.layout.items) for one in stations),
        examiners=examiners,
        long_score=_scores(given, stations),
        long_grade=_grades(given),
        long_candidate=np.array([rows[one.candidate] for one in given], dtype=np.int64),
        long_station=np.array([columns[one.station] for one in given], dtype=np.int64),
        long_examiner=np.array([codes[one.examiner] for one in given], dtype=np.int64),
        long_at_ms=np.array([one.at_ms for one in given], dtype=np.int64),
        long_encounter=tuple(one.encounter_id for one in given),
        missing=(*missing, *without),
        lacks=lacks,
        absent=absent,
        outdated=tuple(outdated),
        panel=panel or {},
        groups=_several(people, groups),
        # Who has no site is at none that is known: no site of their own to compare with.
        sites=_several(people, sites) if set(people) <= set(sites or ()) else (),
    )


def _several(people: Iterable[str], named: Mapping[str, str] | None) -> tuple[str, ...]:
    """What each is in; empty where all are in one."""
    found = tuple((named or {}).get(name, "") for name in people)
    return found if len(set(found)) > 1 else ()


def _shares(marks: Sequence[Mark], items: Mapping[str, MarkedItem]) -> Numbers:
    """Marks × items, the share (0 to 1) of what there was to reach; NaN where there is no mark."""
    table = np.full((len(marks), len(items)), np.nan)
    for column, (name, item) in enumerate(items.items()):
        worth = {mark: item.done(mark) for mark in ("done", "partly", "not_done")}
        done = np.array([worth.get(one.items.get(name) or "") for one in marks], dtype=np.float64)
        table[:, column] = done if item.weight > 0 else 1 - done
    return table


def _percent(shares: Numbers, items: Sequence[MarkedItem]) -> Numbers:
    """Of each row what `scoring.score.percent` says of a form; NaN where nothing worth points is marked."""
    weights = np.array([item.weight for item in items], dtype=np.float64)
    known = np.isfinite(shares)
    worth = known @ np.maximum(weights, 0)
    reached = np.where(known, shares, 0) @ np.abs(weights) + known @ np.minimum(weights, 0)
    found: Numbers = np.divide(100 * np.maximum(reached, 0), worth, out=np.full(len(shares), np.nan), where=worth > 0)
    return found


def _ratings(marks: Sequence[Mark], layout: Layout) -> Numbers:
    """Percent of each standardized patient's form: the mean over questions of how far each answer is up its steps."""
    table = [
        [np.nan if (said := one.sp.get(name)) is None else 100 * (said - 1) / (points - 1) for one in marks]
        for name, points in layout.sp.items()
    ]
    return _over_stations(np.array(table, dtype=np.float64).reshape(len(layout.sp), len(marks)).T)


def sheet_alone(layout: Layout, weights: Weights) -> bool:
    """Whether a station's score is what `scoring.total` says of its mark sheet."""
    apart = weights.note is not None and any(item.note for item in layout.items.values())
    return set(_wanted(layout, weights)) == {CHECKLIST} and not apart


def _wanted(layout: Layout, weights: Weights) -> dict[str, float]:
    """The weights of the parts that a station's score is made of."""
    items, apart = layout.items.values(), weights.note is not None
    wanted = {
        CHECKLIST: weights.checklist if any(not (item.note and apart) for item in items) else 0,
        SP_RATING: weights.sp_rating if layout.sp else 0,
        NOTE: weights.note or 0 if any(item.note for item in items) else 0,
    }
    return {name: weight for name, weight in wanted.items() if weight} or {CHECKLIST: 1.0}


def _score(
    parts: Mapping[str, Numbers], station: Station, weights: Weights, rules: ResultRules
) -> tuple[Numbers, Mapping[str, NDArray[np.bool_]]]:
    """The weighted mean of a station's parts, and for each part whose it is missing."""
    wanted = _wanted(station.layout, weights)
    table = np.column_stack([parts[name] for name in wanted])
    weight = np.array(list(wanted.values()))
    known = np.isfinite(table)
    worth = known @ weight
    if rules.missing_parts == "no-score":
        worth = np.where(known.all(axis=1), worth, 0)
    found: Numbers = np.divide(
        np.where(known, table, 0) @ weight, worth, out=np.full(len(table), np.nan), where=worth > 0
    )
    return found, {name: ~known[:, at] for at, name in enumerate(wanted)}


def _without(
    lost: Mapping[str, NDArray[np.bool_]],
    there: NDArray[np.bool_],
    people: Sequence[str],
    station: Station,
    rules: ResultRules,
) -> Iterator[Missing]:
    """Parts that are missing where there is a mark."""
    then = (
        "the other parts of this station count by themselves."
        if rules.missing_parts == "leave-out" and len(lost) > 1
        else "so the station has no score."
    )
    for name, gone in lost.items():
        for row in np.flatnonzero(gone & there).tolist():
            yield Missing(
                people[row], station.key, f"The {PARTS[name]} {'are' if name == NOTE else 'is'} missing; {then}"
            )


def _scores(marks: Sequence[Mark], stations: Sequence[Station]) -> Numbers:
    """The percentage that each mark gives all items of its sheet."""
    score = np.full(len(marks), np.nan)
    for station in stations:
        mine = [at for at, mark in enumerate(marks) if mark.station == station.key]
        items = station.layout.items
        score[mine] = _percent(_shares([marks[at] for at in mine], items), list(items.values()))
    return score


def _grades(marks: Sequence[Mark]) -> Numbers:
    return np.array([np.nan if one.grade is None else GRADES.index(one.grade) for one in marks], dtype=np.float64)


def _by_row(count: int, rows: Codes, table: Numbers) -> Numbers:
    """The mean of those lines of a table that belong to each row; NaN where none is known."""
    known = np.isfinite(table)
    total, many = np.zeros((count, table.shape[1])), np.zeros((count, table.shape[1]))
    np.add.at(total, rows, np.where(known, table, 0))
    np.add.at(many, rows, known)
    found: Numbers = np.divide(total, many, out=np.full(total.shape, np.nan), where=many > 0)
    return found


def _over_stations(table: Numbers) -> Numbers:
    known = np.isfinite(table)
    count = known.sum(axis=1)
    mean: Numbers = np.divide(
        np.where(known, table, 0).sum(axis=1), count, out=np.full(len(table), np.nan), where=count > 0
    )
    return mean
