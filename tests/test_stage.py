"""What the rooms do together around an encounter, and that nothing is left behind when one of them failed."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from sqlalchemy import text

from teleosce import stage as staging
from teleosce.app import build
from teleosce.core.errors import Unavailable
from teleosce.core.events import ConnectionChanged
from teleosce.core.ids import new_id
from teleosce.core.settings import Settings
from teleosce.exams import Encounter, Outcome, Phase, Timings
from teleosce.people import Role
from teleosce.stage import Stage
from teleosce.stations import read
from teleosce.watching.person import ABSENT_S
from teleosce.web import Rooms
from tests.recording.conftest import QuietRoom
from tests.recording.media import Sender, deliver

STATION = Path(__file__).parents[1] / "stations" / "feverish-child"
TIMINGS = Timings(reading_s=0, encounter_s=600, note_s=60, changeover_s=0, warning_s=0)


class Theatre:
    """Rooms and their stage, without a web server; `again` is the next server on the same folder."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder, port=0, worker=False)

    async def open(self) -> None:
        self.rooms: Rooms = build(self.settings)
        await self.rooms.database.migrate()
        self.stage = Stage(self.rooms)

    async def close(self) -> None:
        await self.rooms.day.close()
        await self.rooms.watching.close()
        await self.rooms.media.close()
        await self.stage.finish()
        await self.rooms.recordings.close()
        await self.rooms.database.close()

    async def consultation(self, *, alone: bool = False) -> Encounter:
        rooms = self.rooms
        station = await rooms.stations.freeze(read(STATION), STATION)
        exam = await rooms.exams.create("Finals", "UTC")
        candidate = await rooms.people.add_seat(exam.id, Role.candidate, "Ada One", "C1")
        sp = None if alone else (await rooms.people.add_seat(exam.id, Role.standardized_patient, "Pat")).id
        await rooms.exams.add_slot(
            exam.id, position=1, rotation=1, station_hash=station, timings=TIMINGS, candidate=candidate.id, sp=sp
        )
        (made,) = await rooms.exams.encounters(exam.id)
        begun = await rooms.day.begin(made.id)
        await rooms.day.heard()
        return begun

    async def speak(self, encounter: Encounter, seconds: float = 2.0) -> None:
        """The candidate is recorded, from some seconds ago until now."""
        room = QuietRoom(encounter.id)
        await self.rooms.recordings.leave(encounter.id)
        self.rooms.recordings.attend(room, encounter.id)
        sent = room.start(participant=encounter.candidate)
        loop = asyncio.get_running_loop()
        await deliver(room.subscribers[0], sent, Sender().events(0, seconds), loop.time() - seconds)
        room.end(sent)


@pytest.fixture
async def theatre(tmp_path: Path) -> AsyncIterator[Theatre]:
    made = Theatre(tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_who_comes_is_noted_and_who_never_does_is_missed(theatre: Theatre):
    encounter, rooms = await theatre.consultation(), theatre.rooms
    for seat in (encounter.sp, "an-observer"):
        await rooms.events.publish(ConnectionChanged(encounter.id, seat, "connected"))
    await rooms.events.publish(ConnectionChanged("no-encounter", encounter.candidate, "connected"))
    await theatre.stage._noting
    assert [one.seat_id for one in await rooms.exams.attendance([encounter.id])] == [encounter.sp]
    for phase in (Phase.encounter, Phase.note):
        await rooms.day.end_phase(encounter.id, phase)
    assert (await rooms.exams.encounter(encounter.id)).outcome is Outcome.missed


async def test_an_empty_seat_opens_an_incident_that_ends_with_the_consultation(theatre: Theatre):
    encounter, rooms = await theatre.consultation(), theatre.rooms
    async with asyncio.timeout(30):
        while len(await rooms.ledger.incidents(encounter.exam_id)) < 2:  # noqa: ASYNC110 the watch looks by itself
            await asyncio.sleep(0.1)
    await rooms.day.end_phase(encounter.id, Phase.encounter)
    await rooms.day.heard()
    found = await rooms.ledger.incidents(encounter.exam_id)
    assert {one.seat_id for one in found} == {encounter.candidate, encounter.sp}
    assert all(one.kind == "line" and one.closed_ms is not None for one in found)


async def test_whoever_rests_alone_need_not_be_there(theatre: Theatre):
    encounter, rooms = await theatre.consultation(alone=True), theatre.rooms
    await asyncio.sleep(ABSENT_S + 3)
    assert rooms.watching.alarms() == []
    assert await rooms.ledger.incidents(encounter.exam_id) == []


async def test_an_outage_is_an_incident_that_the_sealed_recording_measures(theatre: Theatre):
    encounter = await theatre.consultation()
    await theatre.speak(encounter)
    await theatre.close()
    await theatre.open()
    await theatre.stage.note_outage()
    (incident,) = await theatre.rooms.ledger.incidents(encounter.exam_id)
    assert (incident.kind, incident.seat_id, incident.measured) == ("server", None, False)
    assert incident.closed_ms is not None
    await theatre.rooms.day.start()
    await theatre.rooms.day.end_phase(encounter.id, Phase.encounter)
    await theatre.rooms.day.heard()
    await asyncio.wait(theatre.stage._sealing)
    assert any(one.measured for one in await theatre.rooms.ledger.incidents(encounter.exam_id))


async def test_what_was_not_measured_is_measured_later(theatre: Theatre, monkeypatch: pytest.MonkeyPatch):
    """The server was killed between the seal and the ledger."""
    encounter = await theatre.consultation()
    await theatre.speak(encounter)
    await theatre.rooms.ledger.outage(encounter.id, theatre.rooms.clock.now_ms() - 1000)
    taking = theatre.rooms.ledger.measured

    async def not_now(*_: object) -> None:
        raise Unavailable("The database is held.")

    monkeypatch.setattr(theatre.rooms.ledger, "measured", not_now)
    await theatre.rooms.day.end_phase(encounter.id, Phase.encounter)
    await theatre.rooms.day.heard()
    await asyncio.wait(theatre.stage._sealing)
    (incident,) = await theatre.rooms.ledger.incidents(encounter.exam_id)
    assert not incident.measured
    monkeypatch.setattr(theatre.rooms.ledger, "measured", taking)
    await theatre.stage._reconcile(1, 0)
    assert all(one.measured for one in await theatre.rooms.ledger.incidents(encounter.exam_id))


async def test_what_was_left_behind_is_found(theatre: Theatre, monkeypatch: pytest.MonkeyPatch):
    """A consultation that nobody records, a recording that nobody sealed, a transcript that nobody asked for."""
    encounter, rooms = await theatre.consultation(), theatre.rooms
    await rooms.recordings.leave(encounter.id)
    await theatre.stage._reconcile(1, 0)
    assert rooms.recordings.is_recording(encounter.id)
    await theatre.speak(encounter)
    sealing = rooms.recordings.seal

    async def not_now(_: str) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(rooms.recordings, "seal", not_now)
    monkeypatch.setattr(theatre.stage, "_seal_soon", lambda _: None)
    await rooms.day.end_phase(encounter.id, Phase.encounter)
    await rooms.day.heard()
    monkeypatch.undo()
    assert rooms.recordings.seal == sealing
    await theatre.stage._reconcile(1, 0)
    await asyncio.wait(theatre.stage._sealing)
    assert await rooms.recordings.manifest(encounter.id)
    assert await rooms.transcripts.asked_for(encounter.id)
    await theatre.stage._reconcile(1, 0)
    assert encounter.id in theatre.stage._right


async def test_one_encounter_that_cannot_be_looked_after_holds_up_no_other(theatre: Theatre):
    """The station of the first is gone from the bank, for a while."""
    rooms = theatre.rooms
    for encounter in [await theatre.consultation() for _ in range(2)]:
        await theatre.speak(encounter)
        await rooms.day.end_phase(encounter.id, Phase.encounter)
    await rooms.day.heard()
    await asyncio.wait(theatre.stage._sealing)
    first, second = await rooms.exams.past_consultation(1)
    async with rooms.database.write() as connection:
        await connection.execute(text("DELETE FROM transcripts"))
    await _set_station(rooms, first, "gone")
    await theatre.stage._reconcile(1, 0)
    assert theatre.stage._right == {second.id}
    assert await rooms.transcripts.asked_for(second.id)
    await _set_station(rooms, first, first.station_hash)
    await theatre.stage._reconcile(rooms.clock.now_ms() + 1, 0)  # it alone is looked at again, however long ago it was
    assert theatre.stage._right == {first.id, second.id}
    assert await rooms.transcripts.asked_for(first.id)
    assert not theatre.stage._failed


async def _set_station(rooms: Rooms, encounter: Encounter, station_hash: str) -> None:
    async with rooms.database.write() as connection:
        other = text("UPDATE slot SET station_hash = :hash WHERE exam_id = :exam")
        await connection.execute(other, {"hash": station_hash, "exam": encounter.exam_id})


async def test_all_is_looked_at_once_though_something_fails_each_time(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(staging, "RECONCILE_S", 0)
    monkeypatch.setattr(staging, "SETTLED_MS", 0)
    encounter, rooms = await theatre.consultation(), theatre.rooms
    await theatre.speak(encounter)
    await rooms.day.end_phase(encounter.id, Phase.encounter)
    await rooms.day.heard()
    await asyncio.wait(theatre.stage._sealing)
    async with rooms.database.write() as connection:
        await connection.execute(text("DELETE FROM transcripts"))
    await _set_station(rooms, encounter, "gone")
    past, looked_since = rooms.exams.past_consultation, []

    async def noting(since_ms: int, besides: Collection[str] = ()) -> list[Encounter]:
        looked_since.append(since_ms)
        return await past(since_ms, besides)

    monkeypatch.setattr(rooms.exams, "past_consultation", noting)
    looking = asyncio.create_task(theatre.stage.reconcile())
    async with asyncio.timeout(60):
        while len(looked_since) < 3:  # noqa: ASYNC110 it looks by itself
            await asyncio.sleep(0.01)
    looking.cancel()
    await asyncio.wait([looking])
    assert looked_since[0] == 0
    assert all(looked_since[1:])
    assert theatre.stage._failed == {encounter.id}


async def test_a_consultation_that_ended_while_others_were_looked_after_is_not_opened_again(theatre: Theatre):
    encounter, rooms = await theatre.consultation(), theatre.rooms
    await rooms.recordings.leave(encounter.id)
    await rooms.day.end_phase(encounter.id, Phase.encounter)
    await rooms.day.heard()
    await theatre.stage._go_on(encounter, rooms.clock.now_ms())
    assert not rooms.recordings.is_recording(encounter.id)


async def test_a_folder_that_cannot_be_read_keeps_no_other_from_being_sealed(theatre: Theatre):
    await theatre.speak(await theatre.consultation())
    await theatre.close()
    (recorded,) = (theatre.settings.data / "encounters").iterdir()
    while (strange := recorded.with_name(new_id())) > recorded:
        pass
    (strange / f"{new_id()}.take.json").mkdir(parents=True)  # as a copy by hand may leave it
    (strange / "manifest.json").write_text("{}")
    await theatre.open()
    await theatre.rooms.recordings.recover()
    assert (recorded / "manifest.json").is_file()
