"""The tables of what people filled in: forms as they stand, and every key press that made them. Pure."""

from collections.abc import Iterator

from teleosce.exams import Encounter
from teleosce.reports.exports.cells import CANDIDATE, ENCOUNTER, PERCENT, RATINGS, STATION, UTC, plain_json
from teleosce.reports.exports.material import Material, iso
from teleosce.reports.exports.table import Column, Row, Table
from teleosce.scoring import Form, Forms, Kind

FORM = Column("form", "The id of the form that somebody filled in")
STATES = "draft, submitted, amending, amended"
_NESTED = (dict, list)


def form_tables(known: Material) -> list[Table]:
    """From the sheets of examiners down to each key press."""
    return [
        _marks(known),
        _mark_items(known),
        _ratings(known),
        _notes(known),
        _states(known),
        _presses(known),
    ]


def _of_kind(known: Material, *kinds: Kind) -> Iterator[tuple[Encounter, Form]]:
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
        Column("state", "How far it is", values=STATES),
        Column("begun", "When it was opened first", UTC),
        Column("state_since", "When it came into its state: of a submitted one, when it was submitted last", UTC),
        Column("filled", "Fields filled in of those that a submission needs", "fields"),
        Column("needed", "Fields that a submission needs", "fields"),
        Column("checklist", "The checklist's percentage over the items that are marked", PERCENT),
        Column("grade", "The global rating", values=RATINGS),
        Column("comment", "The overall comment"),
    )
    return Table("marks", "A mark sheet of an examiner, or a settlement, as it stands", columns, rows())


def _mark_items(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for encounter, form in _of_kind(known, Kind.mark, Kind.settlement):
            layout, own = known.layouts[encounter.station_hash], form.values.get
            for name, item in layout.items.items():
                value = own(layout.fields[name])
                yield form.id, name, value, item.done(value), own(f"comment.{name}") or own(f"reason.item.{name}")

    columns = (
        FORM,
        Column("item", "The item's id"),
        Column("mark", "What the examiner gave", values="done, partly, not_done"),
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
        Column("state", "How far the form is", values=STATES),
        Column("question", "The question's id"),
        Column("text", "The question"),
        Column("rating", "The answer: 1 is the lowest", "steps"),
        Column("steps", "The highest answer", "steps"),
        Column("comment", "The overall comment"),
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
        Column("state", "Into which state it came", values=STATES),
        Column("at", "When", UTC),
        Column("by", "Who did that"),
        Column("reason", "The reason for an amendment"),
    )
    return Table("states", "A change of a form's state, in order", columns, rows())


def _presses(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for _, form in _of_kind(known, *Kind):
            for one in known.histories[form.id].entries:
                value = plain_json(one.value) if isinstance(one.value, _NESTED) else one.value
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
