"""The tables of an exam's results, from the candidates' down to the key presses. Pure."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from teleosce.reports.exports.cells import CANDIDATE, ENCOUNTER, PERCENT, RATINGS, STATION, UTC, verdict, yes
from teleosce.reports.exports.form_tables import form_tables
from teleosce.reports.exports.material import Material, iso
from teleosce.reports.exports.run_tables import run_tables
from teleosce.reports.exports.table import Column, Row, Table, dictionary_of
from teleosce.reports.findings import failed_words
from teleosce.scoring import COUNTS, GRADES, MarkedItem


def tables_of(known: Material) -> list[Table]:
    """All tables of an exam, the data dictionary first."""
    made = [
        _candidates(known),
        _scores(known),
        _domains(known),
        _encounters(known),
        _missing(known),
        _items(known),
        *form_tables(known),
        _incidents(known),
        *run_tables(known),
        _people(known),
    ]
    return [dictionary_of(made), *made]


def _candidates(known: Material) -> Table:
    run = known.run
    found: Mapping[str, Any] = run.found["candidates"] if run else {}

    def rows() -> Iterator[Row]:
        for at, seat_id in enumerate(known.cohort.candidates):
            seat = known.seats.get(seat_id)
            marked = [score for score in known.cohort.scores[at].tolist() if math.isfinite(score)]
            own = found.get(seat_id, {})
            yield (
                known.candidate(seat_id), seat.name if seat else "", seat.group if seat else "",
                known.cohort.circuits[at], known.cohort.sites[at] if known.cohort.sites else "",
                len(marked), sum(marked) / len(marked) if marked else None,
                int(known.cohort.critical[at]), run.number if run else None, own.get("total"), own.get("needed"),
                own.get("stations_passed"), verdict(own.get("passed")),
                failed_words(own.get("failed_by") or (), known.domains),
            )  # fmt: skip

    columns = (
        CANDIDATE,
        Column("name", "The candidate's name"),
        Column("group", "The group, for release"),
        Column("circuit", "The circuit that the candidate went round"),
        Column(
            "site",
            "Where the candidates of that circuit sat; empty where all were at one, or not every circuit has a site",
        ),
        Column("stations", "Stations with a mark that counts", "stations"),
        Column("mean", "Mean of the scores of these stations, as they are now", PERCENT),
        Column("critical", "Critical items failed, as marks are now", "items"),
        Column("run", "The decision run that the following columns are of"),
        Column("total", "The total that the run decided on", PERCENT),
        Column("pass_mark", "The pass mark that it was held against", PERCENT),
        Column("stations_passed", "Stations at or above their cut", "stations"),
        Column("passed", "What the run decided", values="yes, no; empty when it decided nothing"),
        Column("failed_by", "The conditions that were not met"),
    )
    return Table("candidates", "A candidate with the result", columns, rows())


def _scores(known: Material) -> Table:
    cohort = known.cohort
    titles = [one.title for one in cohort.stations]
    columns = [CANDIDATE]
    columns += [Column(f"{title}: score", f"The score at “{title}” that counts", PERCENT) for title in titles]
    columns += [
        Column(f"{title}: grade", f"The global rating at “{title}” that counts", values=RATINGS) for title in titles
    ]
    rows = (
        (known.candidate(seat), *map(_number, cohort.scores[at]), *map(_grade, cohort.grades[at]))
        for at, seat in enumerate(cohort.candidates)
    )
    return Table("scores", "A candidate with the score and the global rating at each station", columns, rows)


def _domains(known: Material) -> Table:
    cohort = known.cohort
    columns = [
        CANDIDATE,
        *(
            Column(
                known.domains.get(name, name), f"Mean over the stations that have this domain (key: {name})", PERCENT
            )
            for name in cohort.domains
        ),
    ]
    rows = (
        (known.candidate(seat), *(_number(own[at]) for own in cohort.domains.values()))
        for at, seat in enumerate(cohort.candidates)
    )
    return Table("domains", "A candidate with the mean in each domain", columns, rows)


def _encounters(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for one in known.encounters:
            record = known.records.get(one.id)
            counts = record is not None and record.status in COUNTS
            yield (
                one.id, known.candidate(one.candidate), known.title(one.station_hash), one.station_hash, one.circuit,
                one.position, one.rotation, one.attempt, one.phase.value, one.outcome.value if one.outcome else "",
                known.person(one.examiner), known.person(one.sp), record.status.value if record else "",
                record.total(known.layouts[one.station_hash]) if record and counts else None,
                record.value("global") if record and counts else None, "; ".join(record.parents) if record else "",
                record.settlement if record else None, yes(record.outdated) if record else "",
            )  # fmt: skip

    columns = (
        ENCOUNTER,
        CANDIDATE,
        STATION,
        Column("station_version", "SHA-256 of the station version"),
        Column("circuit", "The circuit"),
        Column("position", "The station's number in the ring, from 1"),
        Column("rotation", "The rotation in which it was held, from 1"),
        Column("attempt", "1, or more for a re-run"),
        Column("phase", "Where it is", values="waiting, reading, encounter, note, changeover, done"),
        Column("outcome", "How it counts once it is done", values="completed, void, missed"),
        Column("examiner", "Who was to mark it on the day"),
        Column("sp", "The standardized patient"),
        Column(
            "record", "What its marks come to", values="unmarked, second-missing, disputed, single, confirmed, settled"
        ),
        Column("checklist", "The mark of record: the checklist's percentage", PERCENT),
        Column("grade", "The mark of record: the global rating", values=RATINGS),
        Column("parents", "The forms that the mark of record is made of"),
        Column("settlement", "The moderator's form"),
        Column("outdated", "Whether one of the parents was changed after it was settled", values="yes, no"),
    )
    return Table("encounters", "An attempt at a station, with its mark of record", columns, rows())


def _missing(known: Material) -> Table:
    columns = (CANDIDATE, STATION, Column("why", "Why there is no mark that counts"))
    rows = ((known.candidate(one.candidate), known.title(one.station), one.why) for one in known.cohort.missing)
    return Table("missing", "A candidate at a station without a mark that counts", columns, rows)


def _items(known: Material) -> Table:
    cohort = known.cohort

    def rows() -> Iterator[Row]:
        for station, names, shares in zip(cohort.stations, cohort.item_names, cohort.items, strict=True):
            texts = {item.id: item.text for item in known.versions[station.key].mark_sheet.items}
            for at, seat in enumerate(cohort.candidates):
                for name, share in zip(names, shares[at].tolist(), strict=True):
                    layout = station.layout.items[name]
                    yield (
                        known.candidate(seat), station.title, name, texts.get(name, ""),
                        known.domains.get(layout.domain, layout.domain), layout.weight,
                        yes(layout.critical), _number(share), _points(layout, share),
                    )  # fmt: skip

    columns = (
        CANDIDATE,
        STATION,
        Column("item", "The item's id"),
        Column("text", "What the examiner reads"),
        Column("domain", "The domain that it adds to"),
        Column("weight", "Its weight on the sheet", "points"),
        Column("critical", "Whether it is critical", values="yes, no"),
        Column("share", "How much of the weight the mark of record gives", "0 to 1", "1 done, 0.5 partly, 0 not_done"),
        Column("points", "weight × share", "points"),
    )
    return Table("items", "An item of a candidate's mark of record", columns, rows())


def _incidents(known: Material) -> Table:
    where = {one.id: one for one in known.encounters}

    def rows() -> Iterator[Row]:
        for one in known.incidents:
            encounter = where.get(one.encounter_id or "")
            yield (
                one.id, one.encounter_id, known.candidate(encounter.candidate) if encounter else "",
                known.title(encounter.station_hash) if encounter else "", known.person(one.seat_id), one.kind.value,
                iso(one.opened_ms), iso(one.closed_ms), one.lost_audio_ms, one.lost_video_ms, yes(one.measured),
                one.proposal.value, one.decision.value if one.decision else "", known.person(one.decided_by),
                iso(one.decided_ms), yes(one.carried_out), one.note,
            )  # fmt: skip

    columns = (
        Column("incident", "The incident's id"),
        ENCOUNTER,
        CANDIDATE,
        STATION,
        Column("person", "Whom it struck; empty: everybody"),
        Column("kind", "What failed", values="line, sound, picture, server, other, missed"),
        Column("opened", "When it was noticed", UTC),
        Column("closed", "When it was over", UTC),
        Column("lost_audio", "Sound lost", "ms"),
        Column("lost_video", "Picture lost", "ms"),
        Column("measured", "Whether that was measured on the sealed recording", values="yes, no"),
        Column("proposal", "What the exam's rules proposed", values="none, add-time, re-run, void"),
        Column("decision", "What was decided", values="none, add-time, re-run, void; empty: nothing yet"),
        Column("decided_by", "By whom"),
        Column("decided", "When", UTC),
        Column("carried_out", "Whether the server carried it out", values="yes, no"),
        Column("note", "What was noted with the decision"),
    )
    return Table("incidents", "A disruption of an encounter", columns, rows())


def _people(known: Material) -> Table:
    columns = (
        Column("id", "The id of the seat, as other tables name it"),
        Column(
            "role",
            "What they are in the exam",
            values="organiser, examiner, moderator, invigilator, observer, candidate, sp",
        ),
        Column("number", "A candidate's number"),
        Column("name", "The name"),
        Column("group", "The group, for release"),
        Column("extra_time", "By how much a candidate's phases are longer", PERCENT),
    )
    rows = (
        (one.id, one.role.value, one.number, one.name, one.group, one.extra_percent) for one in known.seats.values()
    )
    return Table("people", "A person of the exam", columns, rows)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _grade(value: float) -> str | None:
    return GRADES[int(value)] if math.isfinite(value) else None


def _points(item: MarkedItem, share: float) -> float | None:
    """What an item gave of its weight; of one that costs points, the share is of not doing it."""
    return item.weight * (share if item.weight > 0 else 1 - share) if math.isfinite(share) else None
