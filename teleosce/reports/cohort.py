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
    """A mark that counts: an examiner's, submitted. `record`: whether it is (part of) the encounter's mark of record.

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
    record: bool = True


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
    are its columns. long_*: an element for each mark of each examiner.
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


def cohort_of(
    stations: Sequence[Station],
    people: Mapping[str, str],
    marks: Sequence[Mark],
    missing: Sequence[Missing] = (),
) -> Cohort:
    """Arrays of an exam. people: each candidate's circuit. Marks of others and of other stations are left out.

    Where an encounter has several marks of record (two examiners who agreed), the score is their mean, and so is the
    grade, which may then lie between two.
    """
    rows = {name: row for row, name in enumerate(people)}
    columns = {station.key: column for column, station in enumerate(stations)}
    known = [one for one in marks if one.candidate in rows and one.station in columns]
    examiners = tuple(sorted({one.examiner for one in known}))
    codes = {name: code for code, name in enumerate(examiners)}
    candidate = np.array([rows[one.candidate] for one in known], dtype=np.int64)
    station = np.array([columns[one.station] for one in known], dtype=np.int64)
    grade = np.array([np.nan if one.grade is None else GRADES.index(one.grade) for one in known], dtype=np.float64)
    record = np.array([one.record for one in known], dtype=bool)
    score = np.full(len(known), np.nan)
    shape = (len(rows), len(columns))
    scores, grades = np.full(shape, np.nan), np.full(shape, np.nan)
    names = sorted({item.domain for one in stations for item in one.layout.items.values()})
    domains = {name: np.full(shape, np.nan) for name in names}
    critical = np.zeros(len(rows), dtype=np.int64)
    tables = []
    for column, one in enumerate(stations):
        mine = np.flatnonzero(station == column)
        layout = one.layout.items
        points = _points([known[mark] for mark in mine], list(layout))
        weights = np.array([item.weight for item in layout.values()])
        score[mine] = _percent(points, weights)
        # From here on the marks of record alone, each candidate's own put together.
        of_record = record[mine]
        mine, points = mine[of_record], points[of_record]
        who = candidate[mine]
        scores[:, column] = _by_candidate(score[mine], who, len(rows))
        grades[:, column] = _by_candidate(grade[mine], who, len(rows))
        tables.append(np.column_stack([_by_candidate(own, who, len(rows)) for own in points.T]))
        for name in {item.domain for item in layout.values()}:
            part = np.array([item.domain == name for item in layout.values()])
            domains[name][:, column] = _by_candidate(_percent(points[:, part], weights[part]), who, len(rows))
        grave = np.array([item.critical for item in layout.values()])
        failed = np.zeros((len(rows), int(grave.sum())), dtype=bool)
        np.logical_or.at(failed, who, points[:, grave] == 0)
        critical += failed.sum(axis=1)
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
        long_score=score,
        long_grade=grade,
        long_candidate=candidate,
        long_station=station,
        long_examiner=np.array([codes[one.examiner] for one in known], dtype=np.int64),
        long_at_ms=np.array([one.at_ms for one in known], dtype=np.int64),
        long_encounter=tuple(one.encounter_id for one in known),
        missing=tuple(missing),
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
    return np.divide(100 * reached, weight, out=np.full(len(points), np.nan), where=weight > 0)


def _by_candidate(values: Numbers, who: Codes, many: int) -> Numbers:
    """The mean of each candidate's values that are there; NaN for who has none."""
    known = np.isfinite(values)
    count = np.bincount(who[known], minlength=many)
    total = np.bincount(who[known], values[known], minlength=many)
    return np.divide(total, count, out=np.full(many, np.nan), where=count > 0)


def _over_stations(table: Numbers) -> Numbers:
    known = np.isfinite(table)
    count = known.sum(axis=1)
    return np.divide(np.where(known, table, 0).sum(axis=1), count, out=np.full(len(table), np.nan), where=count > 0)
