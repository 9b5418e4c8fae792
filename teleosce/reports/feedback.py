"""What one candidate is shown of a released run: the same for the page and the PDF. Pure.

Every sentence is made of figures of the run, of what people wrote, and of the mark sheet's own words. Of the others in
the exam there are quartiles, and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from teleosce.exams import Encounter
from teleosce.psychometrics.exam import NOISE
from teleosce.reports.feedback_words import (
    MARKS,
    among,
    failed,
    figure_words,
    meaning,
    outcome_words,
    percent,
)
from teleosce.reports.runs import Run
from teleosce.scoring import FeedbackRules, Form, Record, marked_item
from teleosce.stations import StationVersion
from teleosce.stations.model import Item

LEAST = 10
"""From so many candidates on their quartiles are shown: of fewer they would tell of single people."""
DOMAINS, ITEMS = 3, 4
"""What to practise next: at most so many domains, and items of each."""


@dataclass(frozen=True)
class Seen:
    """What there is of one encounter. record: None when its marks, or their words, are not as they were for the run.

    marks: the submitted marks that the record is made of. rating: the SP's, submitted before the run.
    playable: by the exam's rules, the consent of all who are recorded, and what is on disk.
    """

    encounter: Encounter
    version: StationVersion
    record: Record | None
    marks: Sequence[Form]
    rating: Form | None
    playable: bool


@dataclass(frozen=True)
class Quartiles:
    """Of `of` candidates; percent."""

    low: float
    middle: float
    high: float
    of: int


@dataclass(frozen=True)
class Figure:
    """A percentage with the line that it is held against, if there is one, and where all are, if that is told."""

    title: str
    score: float
    line: float | None
    others: Quartiles | None
    said: str


@dataclass(frozen=True)
class Remark:
    """What an examiner wrote: about an item (or its domain), with how it was marked; `about` is empty for the whole."""

    about: str
    mark: str
    text: str


@dataclass(frozen=True)
class Rated:
    """An SP's answer to a statement, from 1 to `of`; ends: what these two mean."""

    text: str
    points: int
    of: int
    ends: str


@dataclass(frozen=True)
class Moment:
    """What an examiner pointed at, in milliseconds from the start of the recording. said: words of the transcript."""

    from_ms: int
    to_ms: int
    about: str
    remark: str
    said: str


@dataclass(frozen=True)
class StationPart:
    """One station. why: what is missing, in words. encounter: set where its moments can be played."""

    title: str
    score: float | None
    cut: float | None
    passed: bool | None
    said: str
    why: str = ""
    encounter: str | None = None
    remarks: list[Remark] = field(default_factory=list)
    patient: list[str] = field(default_factory=list)
    rated: list[Rated] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)


@dataclass(frozen=True)
class Missed:
    """An item that was not done, or partly, in the mark sheet's words; aim: what is seen when it is done."""

    station: str
    text: str
    mark: str
    critical: bool
    aim: str


@dataclass(frozen=True)
class Practice:
    """A domain to practise, with the items that were missed in it; where items are not told, the stations alone."""

    title: str
    score: float
    items: list[Missed]
    stations: list[str]


@dataclass(frozen=True)
class Feedback:
    """All of it. passed: None where nothing was decided. at_ms: since when it is released."""

    exam: str
    zone: str
    name: str
    number: str | None
    at_ms: int
    run: int
    passed: bool | None
    heading: str
    reasons: list[str]
    total: Figure | None
    meaning: str
    stations_said: str
    domains: list[Figure]
    stations: list[StationPart]
    practice: list[Practice]


def feedback_of(
    who: Mapping[str, Any],
    run: Run,
    seat_id: str,
    seen: Mapping[str, Seen],
    rules: FeedbackRules,
    *,
    titles: Mapping[str, str],
) -> Feedback:
    """who: exam, zone, name, number and at_ms. seen: the candidate's encounters by station version's hash. titles: of
    the domains of all stations of the run, as a rule may ask for one that the candidate's own do not have.
    """
    own = run.found["candidates"][seat_id]
    everybody = list(run.found["candidates"].values())
    titles = {
        **titles,
        **{key: title for one in seen.values() for key, title in one.version.mark_sheet.domains.items()},
    }
    figures = {
        name: _figure(
            titles[name], score, run.rules.domains.get(name), [one["domains"].get(name) for one in everybody], rules
        )
        for name, score in own["domains"].items()
        if score is not None and name in titles
    }
    whys = {
        one["station"]: one["why"].replace("The candidate was", "You were")
        for one in run.found.get("missing", ())
        if one["candidate"] == seat_id
    }
    parts = [
        _station(known, own["scores"][at], seen.get(known["key"]), whys.get(known["key"], ""), rules)
        for at, known in enumerate(run.found["stations"])
        if known["key"] in seen or own["scores"][at] is not None
    ]
    total = None
    if own["total"] is not None and own["needed"] is not None:
        total = _figure("Total", own["total"], own["needed"], [one["total"] for one in everybody], rules)
    return Feedback(
        **who,
        run=run.number,
        passed=own["passed"],
        heading=outcome_words(own["passed"]),
        reasons=failed(own, run.rules, titles),
        total=total,
        meaning=meaning(run.rules),
        stations_said=f"You passed {own['stations_passed']} of {own['stations_sat']} stations."
        if own["stations_sat"]
        else "",
        domains=sorted(figures.values(), key=lambda one: one.title),
        stations=parts,
        practice=_practice(figures, seen, rules),
    )


def _figure(
    title: str, score: float, line: float | None, everybody: Iterable[float | None], rules: FeedbackRules
) -> Figure:
    others = _quartiles(everybody) if rules.cohort else None
    beside = among(score, others.low, others.high, others.of) if others else ""
    return Figure(title, score, line, others, figure_words(score, line, beside))


def _quartiles(values: Iterable[float | None]) -> Quartiles | None:
    known = [one for one in values if one is not None]
    if len(known) < LEAST:
        return None
    low, middle, high = (float(one) for one in np.percentile(known, [25, 50, 75]))
    return Quartiles(low, middle, high, len(known))


def _station(
    known: Mapping[str, Any], score: float | None, seen: Seen | None, why: str, rules: FeedbackRules
) -> StationPart:
    cut = known.get("cut")
    passed = None if score is None or cut is None else score >= cut - NOISE
    said = f"You scored {percent(score, cut)}." if score is not None else "This station has no score in this result."
    if score is not None:
        said += f" The cut is {percent(cut, score)}." if cut is not None else " It has no cut, so it does not count."
    if seen is None or seen.record is None:
        changed = seen is not None and score is not None
        return StationPart(known["title"], score, cut, passed, said, why or (_CHANGED if changed else ""))
    moments = moments_of(seen, rules)
    return StationPart(
        title=known["title"],
        score=score,
        cut=cut,
        passed=passed,
        said=said,
        why=why,
        encounter=seen.encounter.id if seen.playable and moments else None,
        remarks=_remarks(seen, rules) if rules.comments else [],
        patient=_patient(seen.rating) if rules.sp_comments else [],
        rated=_rated(seen) if rules.sp_comments and rules.items == "shown" else [],
        moments=moments,
    )


_CHANGED = (
    "The marks of this station are being looked at again since this result was made. What was written about it is "
    "shown when that is finished; your result stands until you are told otherwise."
)


def _counted(seen: Seen, item: str) -> list[Form]:
    """The marks whose value of an item counts: what they say of it belongs to the result."""
    assert seen.record is not None
    known = seen.record.fields.get(f"item.{item}")
    return [form for form in seen.marks if known and form.id in known.forms]


def _whole(seen: Seen) -> list[Form]:
    """The marks of which anything counts."""
    assert seen.record is not None
    used = {form for known in seen.record.fields.values() for form in known.forms}
    return [form for form in seen.marks if form.id in used]


def _remarks(seen: Seen, rules: FeedbackRules) -> list[Remark]:
    found = [Remark("", "", text) for form in _whole(seen) if (text := _text(form.value("comment")))]
    found += [
        Remark(_about(seen, item, rules), _mark(seen, item), text)
        for item in seen.version.mark_sheet.items
        for form in _counted(seen, item.id)
        if (text := _text(form.value(f"comment.{item.id}")))
    ]
    # Of two examiners who wrote the same, one is enough.
    return list(dict.fromkeys(found))


def _about(seen: Seen, item: Item, rules: FeedbackRules) -> str:
    return item.text if rules.items == "shown" else seen.version.mark_sheet.domains[item.domain]


def _mark(seen: Seen, item: Item) -> str:
    assert seen.record is not None
    return MARKS.get(seen.record.value(f"item.{item.id}") or "", "")


def _text(value: object) -> str:
    return str(value or "").strip()


def _patient(rating: Form | None) -> list[str]:
    text = _text(rating.value("comment")) if rating else ""
    return [text] if text else []


def _rated(seen: Seen) -> list[Rated]:
    rating = seen.rating
    if rating is None:
        return []
    return [
        Rated(one.text, points, one.points, f"1: {one.low}; {one.points}: {one.high}")
        for one in seen.version.mark_sheet.sp_rating
        if isinstance(points := rating.value(f"sp.{one.id}"), int)
    ]


def moments_of(seen: Seen, rules: FeedbackRules) -> list[Moment]:
    """What examiners pointed at; what can neither be played nor read is left out. The record must be there."""
    found = []
    for item in seen.version.mark_sheet.items:
        for form in _counted(seen, item.id):
            for one in _held(form, f"evidence.{item.id}."):
                said = _text(one["quote"]) if rules.transcript else ""
                found.append(Moment(one["from_ms"], one["to_ms"], _about(seen, item, rules), "", said))
    for form in _whole(seen):
        for one in _held(form, "bookmark."):
            remark = _text(one["text"]) if rules.comments else ""
            found.append(Moment(one["at_ms"], one["at_ms"], "", remark, ""))
    kept = {one for one in found if seen.playable or one.remark or one.said}
    return sorted(kept, key=lambda one: (one.from_ms, one.to_ms, one.about))


def _held(form: Form, prefix: str) -> list[Mapping[str, Any]]:
    return [known for name, known in form.values.items() if name.startswith(prefix) and known is not None]


def _practice(figures: Mapping[str, Figure], seen: Mapping[str, Seen], rules: FeedbackRules) -> list[Practice]:
    """The weakest domains first; a domain in which nothing was missed is none of them."""
    found: list[Practice] = []
    for domain, figure in sorted(figures.items(), key=lambda pair: pair[1].score):
        missed = [
            (one, item, lost)
            for one in seen.values()
            if one.record is not None
            for item in one.version.mark_sheet.items
            if item.domain == domain and (lost := _lost(one.record, item)) > 0
        ]
        missed.sort(key=lambda each: (not each[1].critical, -each[2]))
        if missed and len(found) < DOMAINS:
            shown = rules.items == "shown"
            items = [_missed(one, item) for one, item, _ in missed[:ITEMS]] if shown else []
            stations = [] if shown else list(dict.fromkeys(one.version.title for one, _, _ in missed))
            found.append(Practice(figure.title, figure.score, items, stations))
    return found


def _lost(record: Record, item: Item) -> float:
    """The weight that was not reached of an item, or that doing it cost; none where it is not marked."""
    done = marked_item(item).done(record.value(f"item.{item.id}"))
    return 0.0 if done is None else item.weight * (1 - done) if item.weight > 0 else -item.weight * done


def _missed(seen: Seen, item: Item) -> Missed:
    return Missed(
        seen.version.title,
        item.text,
        _mark(seen, item),
        item.critical,
        item.anchors.done if item.weight > 0 else item.anchors.not_done,
    )
