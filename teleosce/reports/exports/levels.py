"""The tables of an exam's results, from the candidates' down to the key presses. Pure."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from teleosce.core.spreadsheet import Cell
from teleosce.reports.exports.material import Material, iso
from teleosce.reports.exports.table import Column, Table, dictionary_of
from teleosce.reports.runs import Release
from teleosce.scoring import COUNTS, GRADES, Form, Forms, Kind, MarkedItem

Row = Sequence[Cell]

CANDIDATE = Column("candidate", "The candidate's number; the id of the seat where there is none")
STATION = Column("station", "The station's title")
ENCOUNTER = Column("encounter", "The encounter's id")
FORM = Column("form", "The id of the form that somebody filled in")
UTC = "ISO 8601, UTC"
PERCENT = "percent"
MARKS = "done, partly, not_done"
_GRADES = ", ".join(GRADES)


def tables_of(known: Material) -> list[Table]:
    """All tables of an exam, the data dictionary first."""
    made = [
        _candidates(known),
        _scores(known),
        _domains(known),
        _encounters(known),
        _missing(known),
        _items(known),
        _marks(known),
        _mark_items(known),
        _ratings(known),
        _notes(known),
        _incidents(known),
        _states(known),
        _presses(known),
        _runs(known),
        _decisions(known),
        _analysis(known),
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
                known.cohort.circuits[at], len(marked), sum(marked) / len(marked) if marked else None,
                int(known.cohort.critical[at]), run.number if run else None, own.get("total"), own.get("needed"),
                own.get("stations_passed"), _verdict(own.get("passed")), "; ".join(own.get("failed_by") or ()),
            )  # fmt: skip

    columns = (
        CANDIDATE,
        Column("name", "The candidate's name"),
        Column("group", "The group, for release"),
        Column("circuit", "The circuit that the candidate went round"),
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
    titles = _different([one.title for one in cohort.stations])
    columns = [CANDIDATE]
    columns += [Column(f"{title}: score", f"The score at “{title}” that counts", PERCENT) for title in titles]
    columns += [
        Column(f"{title}: grade", f"The global rating at “{title}” that counts", values=_GRADES) for title in titles
    ]
    rows = (
        (known.candidate(seat), *map(_number, cohort.scores[at]), *map(_grade, cohort.grades[at]))
        for at, seat in enumerate(cohort.candidates)
    )
    return Table("scores", "A candidate with the score and the global rating at each station", columns, rows)


def _domains(known: Material) -> Table:
    cohort = known.cohort
    named = {key: title for one in known.versions.values() for key, title in one.mark_sheet.domains.items()}
    columns = [
        CANDIDATE,
        *(
            Column(name, f"Domain “{named.get(name, name)}”: mean over the stations that have it", PERCENT)
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
                record.settlement if record else None, _yes(record.outdated) if record else "",
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
        Column("grade", "The mark of record: the global rating", values=_GRADES),
        Column("parents", "The forms that the mark of record is made of"),
        Column("settlement", "The moderator's form"),
        Column("outdated", "Whether one of the parents was changed after it was settled", values="yes, no"),
    )
    return Table("encounters", "An attempt at a station, with its mark of record", columns, rows())


def _missing(known: Material) -> Table:
    columns = (CANDIDATE, STATION, Column("why", "Why there is no mark that counts"))
    rows = ((known.candidate(one.candidate), _title(known, one.station), one.why) for one in known.cohort.missing)
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
                        known.candidate(seat), station.title, name, texts.get(name, ""), layout.domain, layout.weight,
                        _yes(layout.critical), _number(share), _points(layout, share),
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


def _of_kind(known: Material, *kinds: Kind) -> Iterator[tuple[Any, Form]]:
    """The forms of some kinds with their encounters."""
    for encounter in known.encounters:
        for form in known.forms.get(encounter.id, ()):
            if form.kind in kinds:
                yield encounter, form


def _marks(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for encounter, form in _of_kind(known, Kind.mark, Kind.settlement):
            layout = known.layouts[encounter.station_hash]
            done = Forms.progress(form, layout)
            yield (
                form.id, form.kind.value, encounter.id, known.candidate(encounter.candidate),
                known.title(encounter.station_hash), encounter.circuit, known.person(form.author_id), form.author_id,
                form.state.value, iso(form.created_ms), iso(form.state_ms), done.marked, done.total,
                Forms.total(form, layout), form.value("global"), form.value("comment"),
            )  # fmt: skip

    columns = (
        FORM,
        Column("kind", "An examiner's mark, or a moderator's settlement of two", values="mark, settlement"),
        ENCOUNTER,
        CANDIDATE,
        STATION,
        Column("circuit", "The circuit"),
        Column("examiner", "Who filled it in"),
        Column("examiner_id", "The id of their seat or account"),
        Column("state", "How far it is", values="draft, submitted, amending, amended"),
        Column("begun", "When it was opened first", UTC),
        Column("state_since", "When it came into its state: of a submitted one, when it was submitted last", UTC),
        Column("filled", "Fields filled in of those that a submission needs", "fields"),
        Column("needed", "Fields that a submission needs", "fields"),
        Column("checklist", "The checklist's percentage over the items that are marked", PERCENT),
        Column("grade", "The global rating", values=_GRADES),
        Column("comment", "The comment on the whole"),
    )
    return Table("marks", "A mark sheet of an examiner, or a settlement, as it stands", columns, rows())


def _mark_items(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for encounter, form in _of_kind(known, Kind.mark, Kind.settlement):
            for name, item in known.layouts[encounter.station_hash].items.items():
                value = form.value(f"item.{name}")
                comment = form.value(f"comment.{name}") or form.value(f"reason.item.{name}")
                yield form.id, name, value, item.done(value), comment

    columns = (
        FORM,
        Column("item", "The item's id"),
        Column("mark", "What the examiner gave", values=MARKS),
        Column("share", "How much of the weight that is", "0 to 1"),
        Column("comment", "The comment on the item; in a settlement, the reason for the moderator's own value"),
    )
    return Table("mark_items", "An item of a mark sheet, as it stands", columns, rows())


def _ratings(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for encounter, form in _of_kind(known, Kind.sp_rating):
            asked = {one.id: one for one in known.versions[encounter.station_hash].mark_sheet.sp_rating}
            for name, one in asked.items():
                yield (
                    form.id, encounter.id, known.candidate(encounter.candidate), known.title(encounter.station_hash),
                    known.person(form.author_id), form.state.value, name, one.text, form.value(f"sp.{name}"),
                    one.points, form.value("comment"),
                )  # fmt: skip

    columns = (
        FORM,
        ENCOUNTER,
        CANDIDATE,
        STATION,
        Column("sp", "The standardized patient who rated"),
        Column("state", "How far the form is", values="draft, submitted, amending, amended"),
        Column("question", "The question's id"),
        Column("text", "The question"),
        Column("rating", "The answer: 1 is the lowest", "steps"),
        Column("steps", "The highest answer", "steps"),
        Column("comment", "The comment on the whole"),
    )
    return Table("ratings", "An answer of a standardized patient about a candidate", columns, rows())


def _notes(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for encounter, form in _of_kind(known, Kind.note):
            for name in known.layouts[encounter.station_hash].note:
                title = known.title(encounter.station_hash)
                yield (
                    form.id,
                    encounter.id,
                    known.candidate(encounter.candidate),
                    title,
                    name,
                    form.value(f"note.{name}"),
                )

    columns = (
        FORM,
        ENCOUNTER,
        CANDIDATE,
        STATION,
        Column("field", "The field's id"),
        Column("text", "What the candidate wrote"),
    )
    return Table("notes", "A field of a candidate's post-encounter note", columns, rows())


def _incidents(known: Material) -> Table:
    where = {one.id: one for one in known.encounters}

    def rows() -> Iterator[Row]:
        for one in known.incidents:
            encounter = where.get(one.encounter_id or "")
            yield (
                one.id, one.encounter_id, known.candidate(encounter.candidate) if encounter else "",
                known.title(encounter.station_hash) if encounter else "", known.person(one.seat_id), one.kind.value,
                iso(one.opened_ms), iso(one.closed_ms), one.lost_audio_ms, one.lost_video_ms, _yes(one.measured),
                one.proposal.value, one.decision.value if one.decision else "", known.person(one.decided_by),
                iso(one.decided_ms), _yes(one.carried_out), one.note,
            )  # fmt: skip

    columns = (
        Column("incident", "The incident's id"),
        ENCOUNTER,
        CANDIDATE,
        STATION,
        Column("person", "Whom it struck; empty: everybody"),
        Column("kind", "What failed", values="line, sound, picture, server, other"),
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


def _states(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for _, form in _of_kind(known, *Kind):
            for step in known.histories[form.id].steps:
                yield (
                    form.id,
                    form.kind.value,
                    step.state.value,
                    iso(step.at_ms),
                    known.person(step.author_id),
                    step.reason,
                )

    columns = (
        FORM,
        Column("kind", "What form it is", values="mark, settlement, sp_rating, note"),
        Column("state", "Into which state it came", values="draft, submitted, amending, amended"),
        Column("at", "When", UTC),
        Column("by", "Who did that"),
        Column("reason", "The reason for an amendment"),
    )
    return Table("states", "A change of a form's state, in order", columns, rows())


def _presses(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for _, form in _of_kind(known, *Kind):
            for one in known.histories[form.id].entries:
                value = one.value if isinstance(one.value, str | int | float) or one.value is None else _json(one.value)
                yield form.id, one.field, one.version, value, iso(one.at_ms), one.author_id, one.change_id

    columns = (
        FORM,
        Column(
            "field",
            "The field that was set: item.<id>, global, comment, sp.<id>, note.<id>, evidence, bookmark, reason",
        ),
        Column("version", "The how-manieth value of the field this is, from 1"),
        Column("value", "The value; a moment of the recording as JSON, in ms from its start"),
        Column("at", "When the server had it on disk", UTC),
        Column("by", "The id of the seat or account that set it"),
        Column("change", "The change's id, by which a repeated one counts once"),
    )
    return Table("key_presses", "A value that somebody gave a field, for good, in order", columns, rows())


def _runs(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for one in known.runs:
            rules = _json(one.rules.model_dump(mode="json"))
            said = "; ".join(_released(own) for own in known.releases if own.run_id == one.id)
            yield one.number, one.id, iso(one.at_ms), known.person(one.by), one.inputs_hash, rules, said

    columns = (
        Column("run", "The run's number"),
        Column("id", "Its id"),
        Column("at", "When it was made", UTC),
        Column("by", "By whom"),
        Column("inputs", "SHA-256 of what it rests on"),
        Column("rules", "The rule by which it decided, as JSON"),
        Column("released", "To whom it was released, from when on, and when that was taken back"),
    )
    return Table("runs", "A decision run", columns, rows())


def _released(one: Release) -> str:
    withdrawn = f", withdrawn {iso(one.withdrawn_ms)} {one.withdrawn_why or ''}".rstrip() if one.withdrawn_ms else ""
    return f"{one.group or 'all'} from {iso(one.from_ms)}{withdrawn}"


def _decisions(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for run in known.runs:
            for seat, own in run.found["candidates"].items():
                yield (
                    run.number, known.candidate(seat), _verdict(own.get("passed")), own.get("total"), own.get("needed"),
                    own.get("stations_passed"), "; ".join(own.get("failed_by") or ()),
                )  # fmt: skip

    columns = (
        Column("run", "The run's number"),
        CANDIDATE,
        Column("passed", "What it decided", values="yes, no; empty when it decided nothing"),
        Column("total", "The total that it decided on", PERCENT),
        Column("pass_mark", "The pass mark", PERCENT),
        Column("stations_passed", "Stations at or above their cut", "stations"),
        Column("failed_by", "The conditions that were not met"),
    )
    return Table("decisions", "What a decision run decided about a candidate", columns, rows())


def _analysis(known: Material) -> Table:
    columns = (
        Column("question", "What it answers", values="sound, lines, fair"),
        Column("figure", "Which figure it is: the way to it, with / between the steps; numbers count from 0"),
        Column("value", "The figure"),
        Column("text", "What is said in words: a name, a method, or why there is no figure"),
    )

    def rows() -> Iterator[Row]:
        for question in ("sound", "lines", "fair"):
            for path, value in _flat(known.analysis[question]):
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                text = _yes(value) if isinstance(value, bool) else value if isinstance(value, str) else None
                yield question, "/".join(path), value if is_number else None, text

    return Table("analysis", "A figure of the analysis of the exam, by the rule of the run", columns, rows())


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


def _flat(answer: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(answer, Mapping):
        for key, one in answer.items():
            yield from _flat(one, (*path, str(key)))
    elif isinstance(answer, list | tuple):
        for at, one in enumerate(answer):
            yield from _flat(one, (*path, str(at)))
    elif answer not in (None, ""):
        yield path, answer


def _different(titles: Sequence[str]) -> list[str]:
    """Titles with a number after those that others have too: a station in two versions is two columns."""
    found: list[str] = []
    for title in titles:
        again = sum(one == title or one.startswith(f"{title} (") for one in found)
        found.append(f"{title} ({again + 1})" if again else title)
    return found


def _title(known: Material, station: str) -> str:
    return known.title(station) if station in known.versions else station


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _grade(value: float) -> str | None:
    return GRADES[int(value)] if math.isfinite(value) else None


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _verdict(passed: bool | None) -> str | None:
    return None if passed is None else _yes(passed)


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _points(item: MarkedItem, share: float) -> float | None:
    """What an item gave of its weight; of one that costs points, the share is of not doing it."""
    return item.weight * (share if item.weight > 0 else 1 - share) if math.isfinite(share) else None
