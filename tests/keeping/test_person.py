"""A person's own data: all of theirs, and nobody else's."""

import asyncio
import io
import json
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

from teleosce.core.blobs import sha256
from teleosce.keeping.person import write_person_data
from teleosce.people import Role
from teleosce.scoring import AssignmentKind
from teleosce.web.keeping import sources_of
from tests.keeping.keeping_world import CANDIDATE_SAYS, PATIENT_SAYS, World
from tests.keeping.test_erasure import fill
from tests.recording.media import play


class Links(HTMLParser):
    """What a page points to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def texts(archive: zipfile.ZipFile) -> str:
    return "".join(archive.read(name).decode() for name in archive.namelist() if not name.endswith(".webm"))


async def test_a_candidates_data_is_theirs_alone(world: World, tmp_path: Path) -> None:
    await fill(world)
    other = await world.rooms.people.seat(world.patient)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleosce", "person-data", "C01", "--to", str(tmp_path / "c01.zip"), "--data",
        str(world.data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert "about Ada One (candidate)" in said.decode()

    with zipfile.ZipFile(tmp_path / "c01.zip") as archive:
        assert archive.testzip() is None
        held = texts(archive)
        names = set(archive.namelist())
        page = Links()
        page.feed(archive.read("index.html").decode())
        data = json.loads(archive.read("data.json"))
        archive.extractall(tmp_path / "out")
    assert set(page.found) <= names
    (recording,) = [name for name in names if name.endswith(".webm")]
    manifest = await world.rooms.recordings.manifest(world.encounter_id)
    assert manifest is not None
    own = next(take for take in manifest.takes if take.participant_id == world.candidate)
    assert sha256(tmp_path / "out" / recording) == own.sha256
    assert len(play(tmp_path / "out" / recording).beeps) >= 2
    assert " ".join(CANDIDATE_SAYS.split()[:-1]) in held
    assert "Ada One" in held
    assert data["person"][0]["audit"]
    assert [one["text"] for one in data["person"][0]["messages"]] == ["I have lost my bumbershoot."]
    assert data["person"][0]["encounters"][0]["in_the_room"]
    for foreign in (other.name, PATIENT_SAYS, "velociraptor", "sarsaparilla", world.patient, world.examiner):
        assert foreign not in held, foreign
    assert [row["action"] for row in await world.rooms.people.audit_about(world.candidate)][-1] == "person.data"


async def test_an_organiser_downloads_it_and_nobody_else_does(world: World) -> None:
    await fill(world)
    exam = (await world.rooms.exams.encounter(world.encounter_id)).exam_id
    path = f"/api/exams/{exam}/keeping/people/{world.patient}.zip"
    for role, index in (("candidate", 1), ("sp", 0), ("examiner", 0)):
        other = await world.house.client(role, index)
        await other.refused(403, "GET", path)
    organiser = await world.house.client("organiser")
    answer = await organiser.ask("GET", path)
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        held = texts(archive)
        assert [name for name in archive.namelist() if name.endswith(".webm")]
    assert "velociraptor" in held
    assert PATIENT_SAYS in held
    for foreign in ("Ada One", "zanzibar", "sarsaparilla"):
        assert foreign not in held
    await organiser.refused(404, "GET", path.replace(world.patient, "abcdefghijkmnpqrstuvwxyz23"))
    assert [one.name for one in world.data.iterdir() if "tmp" in one.name] == []


async def test_a_markers_data_says_what_was_theirs_and_not_whether_they_were_the_second(
    world: World, tmp_path: Path
) -> None:
    await world.whole()
    seat = await world.rooms.people.add_seat(world.house.exam.exam_id, Role.examiner, "Dr Other")
    await world.rooms.marking.assign(world.encounter_id, seat.id, AssignmentKind.second, reason="near the cut")
    made = io.BytesIO()
    await write_person_data(sources_of(world.rooms), world.rooms.clock, [seat], made, None)
    with zipfile.ZipFile(made) as archive:
        known = json.loads(archive.read("data.json"))["person"][0]
    assert [(one["encounter"], one["task"]) for one in known["marking"]] == [(world.encounter_id, "mark")]
    assert "second" not in json.dumps(known["marking"])
    assert "cut" not in json.dumps(known["marking"])
