"""Search and reels as pages ask for them: each finds what is theirs to read, and nothing else."""

import io
from pathlib import Path

import av
import pytest

from teleosce.core.errors import Unavailable
from teleosce.people import Role
from teleosce.transcripts.meaning import find_meaning
from tests.keeping.search_world import agree, allow, read, two_worlds
from tests.web.house import Client

try:
    find_meaning()
    WEIGHTS = True
except Unavailable:
    WEIGHTS = False


async def test_search_and_a_reel_of_what_was_found(tmp_path: Path) -> None:
    async with two_worlds(tmp_path / "data") as (asks, asks_not):
        organiser = await asks.house.client("organiser")
        found = await organiser.json("GET", "/api/search?q=show+me+who+asked+about+penicillin&match=words&said=sp")
        (hit,) = found["found"]
        assert (hit["encounter"], hit["candidate"], hit["count"]) == (asks.encounter_id, "C01", 1)
        assert hit["refused"] == "The exam’s rules allow no teaching reels."
        (moment,) = hit["moments"]
        assert (moment["role"], moment["by"], moment["strength"]) == ("sp", "words", None)
        assert [one["encounter"] for one in found["none"]] == [asks_not.encounter_id]
        assert (found["unsearched"], found["fault"]) == ([], None)
        # By exam, by station, and by who said it.
        here, elsewhere = asks.house.exam.exam_id, (await asks.rooms.exams.create("Another", "UTC")).id
        in_it = await organiser.json("GET", f"/api/search?q=penicillin&match=words&said=sp&exam={here}")
        assert [one["encounter"] for one in in_it["found"]] == [asks.encounter_id]
        beside = await organiser.json("GET", f"/api/search?q=penicillin&match=words&said=sp&exam={elsewhere}")
        assert (beside["found"], beside["none"]) == ([], [])
        of_other = await organiser.json("GET", "/api/search?q=penicillin&match=words&station=inhaler-technique")
        assert (of_other["found"], [one["encounter"] for one in of_other["none"]]) == ([], [asks_not.encounter_id])
        assert (await organiser.json("GET", "/api/search?q=penicillin&match=words&said=candidate"))["found"] == []
        for wrong in ("q=", "q=%20%3F", "q=a&match=guess", "q=a&strength=sure", "q=a&said=somebody"):
            await organiser.refused(400, "GET", f"/api/search?{wrong}")

        wanted = {"encounter": asks.encounter_id, "from_ms": moment["from_ms"], "to_ms": moment["to_ms"], "shown": "sp"}
        said = await organiser.refused(409, "POST", "/api/reels", {"moments": [wanted]})
        assert "may be shown" in said
        await allow(asks)
        made = await organiser.json("POST", "/api/reels", {"title": "Allergies", "moments": [wanted]})
        reel = await until_cut(organiser, made["id"])
        assert (reel["state"], reel["message"]) == ("ready", "")
        path = f"/media/reels/{reel['id']}.webm"
        response = await organiser.ask("GET", f"{path}?download=1")
        assert response.headers["Content-Disposition"].startswith("attachment")
        with av.open(io.BytesIO(await response.read())) as container:
            assert abs((container.duration or 0) / 1000 - reel["duration_ms"]) < 50
        assert (await organiser.ask("GET", path, Range="bytes=100-199")).status == 206
        actions = [row["action"] for row in await asks.rooms.people.audit_about(reel["id"])]
        assert actions == ["reel.make", "reel.export"]
        # Whoever takes it back is not shown from then on.
        await agree(asks, asks.patient, agreed=False)
        await organiser.refused(404, "GET", path)
        (gone,) = (await organiser.json("GET", "/api/reels"))["reels"]
        assert (gone["state"], gone["moments"]) == ("deleted", [])
        assert "patient has not agreed" in gone["message"]


async def until_cut(organiser: Client, reel_id: str) -> dict[str, object]:
    """Asks until it is over."""
    while True:
        found = await organiser.json("GET", "/api/reels")
        reel: dict[str, object] = next(one for one in found["reels"] if one["id"] == reel_id)
        if reel["state"] not in ("waiting", "cutting"):
            return reel


async def test_what_is_not_theirs_is_not_found(tmp_path: Path) -> None:
    async with two_worlds(tmp_path / "data") as (asks, asks_not):
        here, query = asks.house, "/api/search?q=cough+penicillin+cough&match=words"
        for role in ("candidate", "sp"):
            nobody = await here.client(role)
            await nobody.refused(403, "GET", query)
            await nobody.refused(403, "GET", "/api/reels")
        examiner = await here.client("examiner")
        assert {one["encounter"] for one in (await examiner.json("GET", query))["none"]} == {
            asks.encounter_id,
            asks_not.encounter_id,
        }
        await examiner.refused(403, "POST", "/api/reels", {"moments": []})
        assert (await examiner.ask("GET", "/search")).status == 200
        # An examiner to whom nothing is given finds nothing, not even that there is something.
        exam_id = (await here.rooms.exams.encounter(asks.encounter_id)).exam_id
        stranger = await here.rooms.people.add_seat(exam_id, Role.examiner, "Dr Elsewhere")
        now = here.rooms.clock.now_ms()
        link = await here.rooms.people.issue_link(stranger.id, now - 1, now + 99_000_000)
        other = await here.client()
        await other.join(f"/j#{link}")
        found = await other.json("GET", query)
        assert (found["found"], found["none"], found["unsearched"]) == ([], [], [])
        # A link leads into one exam; another one's reels are not there.
        organiser = await here.client("organiser")
        await organiser.refused(404, "GET", "/media/reels/abcdefghijkmnpqrstuvwxyz23.webm")
        await organiser.refused(404, "POST", "/api/reels/abcdefghijkmnpqrstuvwxyz23/delete", {})


@pytest.mark.skipif(not WEIGHTS, reason="the weights of the encoder are not installed")
@pytest.mark.faults
async def test_meaning_is_searched_as_far_as_it_is_read(tmp_path: Path) -> None:
    async with two_worlds(tmp_path / "data") as (asks, asks_not):
        organiser = await asks.house.client("organiser")
        query = "/api/search?q=asked+about+allergies&said=candidate"
        assert (await organiser.json("GET", query))["unread"] == 2
        assert await read(asks.house)
        found = await organiser.json("GET", query)
        (hit,) = found["found"]
        assert (hit["encounter"], found["unread"]) == (asks.encounter_id, 0)
        assert hit["moments"][0]["by"] == "meaning"
        assert hit["moments"][0]["strength"] in ("strong", "likely")
        assert [one["encounter"] for one in found["none"]] == [asks_not.encounter_id]
