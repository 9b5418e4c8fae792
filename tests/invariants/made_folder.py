"""A data folder after a small exam: two people recorded, one of whom came back, a mark, a transcript asked for."""

import time
from pathlib import Path

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events
from teleosce.core.ids import new_id
from teleosce.exams import Day, Exams, Phase, Timings
from teleosce.invariants import Acknowledgement
from teleosce.people import People, Role
from teleosce.recording import Recordings
from teleosce.scoring import Change, Forms, Kind, layout_of
from teleosce.stations import StationStore, StationVersion, read
from teleosce.transcripts import Transcripts
from tests.recording.conftest import QuietRoom
from tests.recording.media import Sender, deliver

STATION = Path(__file__).parents[2] / "stations" / "feverish-child"
TIMINGS = Timings(reading_s=0, encounter_s=600, note_s=0, changeover_s=0, warning_s=0)


class Talker(Sender):
    """Loses a second of sound in the middle."""

    def lost(self, kind: str, at: float, _index: int) -> bool:
        return kind == "audio" and 2 <= at < 3


async def make(folder: Path) -> list[Acknowledgement]:
    """Makes the folder; returns what an examiner was told is saved."""
    database, clock, events = Database(sqlite_url(folder)), Clock(), Events()
    await database.migrate()
    exams, people = Exams(database, clock), People(database, clock, events)
    stations, forms = StationStore(database, folder, clock), Forms(database, clock, events)
    day, recordings = Day(exams, clock, events), Recordings(folder, database, clock, events)
    version = read(STATION)
    station = await stations.freeze(version, STATION)
    exam = await exams.create("Finals", "Europe/Berlin")
    candidate = await people.add_seat(exam.id, Role.candidate, "Ada One", "C1")
    sp = await people.add_seat(exam.id, Role.standardized_patient, "Pat")
    examiner = await people.add_seat(exam.id, Role.examiner, "Dr Examiner")
    await exams.add_slot(
        exam.id, position=1, rotation=1, station_hash=station, timings=TIMINGS,
        candidate=candidate.id, sp=sp.id, examiner=examiner.id,
    )  # fmt: skip
    (encounter,) = await exams.encounters(exam.id)
    await day.begin(encounter.id)
    room = QuietRoom(encounter.id)
    recordings.attend(room, encounter.id)
    zero = time.monotonic() - 20
    for seat, start, end in ((candidate, 0, 6), (sp, 0, 3), (sp, 8, 11)):
        sent = room.start(participant=seat.id)
        await deliver(room.subscribers[0], sent, Talker().events(start, end), zero)
        room.end(sent)
    acknowledged = await _mark(forms, encounter.id, examiner.id, version)
    await day.end_phase(encounter.id, Phase.encounter)
    await recordings.seal(encounter.id)
    await Transcripts(database, clock).request(encounter.id, {candidate.id: "candidate", sp.id: "sp"}, [], exam.id)
    await recordings.close()
    await day.close()
    await database.close()
    return acknowledged


async def _mark(forms: Forms, encounter_id: str, examiner_id: str, version: StationVersion) -> list[Acknowledgement]:
    layout = layout_of(version)
    form = await forms.open(Kind.mark, encounter_id, examiner_id)
    found = []
    for number in range(3):
        change = Change("comment", f"Remark {number}", number, new_id())
        result = await forms.save(form.id, [change], examiner_id, layout)
        (saved,) = result.saved
        found.append(Acknowledgement(form=form.id, field=saved.field, version=saved.version, value=change.value))
    return found
