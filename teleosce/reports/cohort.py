"""An exam's marks as arrays: what psychometrics reads, with the names of its rows and columns. Pure.

A candidate is at a station once: the attempt that counts. Nothing missing becomes 0: an item without a mark leaves the
station's sum, a station without a mark of record leaves the candidate's mean, and both are counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.scoring import GRADES, Layout
from teleosce.scoring.score import POINTS

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Station:
    """A place of the ring as the results know it: `key` is the station version's hash."""

    key: str
    title: str
    layout: Layout


@dataclass(frozen=True)
class Mark:
    """An examiner's submitted mark, or an encounter's mark of record, whose `form_id` is that of its first parent.

    items: done, partly, not_done or None by item. at_ms: when it was submitted.
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


@dataclass(frozen=True)
class Missing:
    """What is not there, and why, in words."""

    candidate: str
    station: str
    why: str


@dataclass(frozen=True)
class Cohort:
    """Marks of record as candidates × stations, and all marks as a long list.

    scores: percent; grades: 0 to 4; both NaN where missing. critical: the number of critical items failed. domains:
    percent by candidate. items: for each station candidates × items, the share (0 to 1) of the points; `item_names`
    are its columns. long_*: an element for each mark of each examiner. outdated: what counts although a mark that it
    was settled from was amended afterwards.
    """

    candidates: tuple[str, ...]
    circuits: tuple[str, ...]
    stations: tuple[Station, ...]
    scores: Numbers
    grades: Numbers
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
    outdated: tuple[Missing, ...] = ()


def cohort_of(
    stations: Sequence[Station],
    people: Mapping[str, str],
    records: Sequence[Mark],
    marks: Sequence[Mark],
    *,
    missing: Sequence[Missing] = (),
    outdated: Sequence[Missing] = (),
) -> Cohort:
    """Arrays of an exam. people: each candidate's circuit. What is of other people or stations is left out.

    records: at most one mark of record for each candidate at each station, for scores and decisions. marks: all that
    examiners gave, for what is asked about examiners.
    """
    rows = {name: row for row, name in enumerate(people)}
    columns = {station.key: column for column, station in enumerate(stations)}
    known, given = (
        [one for one in every if one.candidate in rows and one.station in columns] for every in (records, marks)
    )
    examiners = tuple(sorted({one.examiner for one in given}))
    codes = {name: code for code, name in enumerate(examiners)}
    shape = (len(rows), len(columns))
    scores, grades = np.full(shape, np.nan), np.full(shape, np.nan)
    names = sorted({item.domain for one in stations for item in one.layout.items.values()})
    domains = {name: np.full(shape, np.nan) for name in names}
    critical = np.zeros(len(rows), dtype=np.int64)
    tables = []
    for column, one in enumerate(stations):
        own = [mark for mark in known if mark.station == one.key]
        who = np.array([rows[mark.candidate] for mark in own], dtype=np.int64)
        layout = one.layout.items
        weights = np.array([item.weight for item in layout.values()])
        table = np.full((len(rows), len(layout)), np.nan)
        table[who] = _points(own, list(layout))
        tables.append(table)
        scores[:, column] = _percent(table, weights)
        grades[who, column] = _grades(own)
        for name in {item.domain for item in layout.values()}:
            part = np.array([item.domain == name for item in layout.values()])
            domains[name][:, column] = _percent(table[:, part], weights[part])
        grave = np.array([item.critical for item in layout.values()])
        critical += (table[:, grave] == 0).sum(axis=1)
    return Cohort(
        candidates=tuple(people),
        circuits=tuple(people.values()),
        stations=tuple(stations),
        scores=scores,
        grades=grades,
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
        missing=tuple(missing),
        outdated=tuple(outdated),
    )


def _points(marks: Sequence[Mark], items: Sequence[str]) -> Numbers:
    """Marks × items, the share (0 to 1) of each item's points, NaN where there is no mark."""
    table = [[POINTS.get(one.items.get(name) or "") for name in items] for one in marks]
    return np.array(table, dtype=np.float64).reshape(len(marks), len(items))


def _percent(points: Numbers, weights: Numbers) -> Numbers:
    """Of each row 100·Σ(weight·points)/Σ(weight) over what is marked; NaN where nothing is."""
    known = np.isfinite(points)
    weight = known @ weights
    reached = np.where(known, points, 0) @ weights
    share: Numbers = np.divide(100 * reached, weight, out=np.full(len(points), np.nan), where=weight > 0)
    return share


def _scores(marks: Sequence[Mark], stations: Sequence[Station]) -> Numbers:
    """The station percentage of each mark."""
    score = np.full(len(marks), np.nan)
    for station in stations:
        mine = [at for at, mark in enumerate(marks) if mark.station == station.key]
        weights = np.array([item.weight for item in station.layout.items.values()])
        score[mine] = _percent(_points([marks[at] for at in mine], list(station.layout.items)), weights)
    return score


def _grades(marks: Sequence[Mark]) -> Numbers:
    return np.array([np.nan if one.grade is None else GRADES.index(one.grade) for one in marks], dtype=np.float64)


def _over_stations(table: Numbers) -> Numbers:
    known = np.isfinite(table)
    count = known.sum(axis=1)
    mean: Numbers = np.divide(
        np.where(known, table, 0).sum(axis=1), count, out=np.full(len(table), np.nan), where=count > 0
    )
    return mean
