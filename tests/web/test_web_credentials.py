"""A credential over the wire: the holder fetches it, anybody sees whether it holds, and nobody sees more."""

import base64
import json

from teleosce.core.ids import new_id
from teleosce.people import Principal, Role
from teleosce.reports import ResultRules
from teleosce.scoring import Kind
from tests.reports.appeal_world import fill_in
from tests.web.house import House


async def test_from_the_candidate_to_whoever_asks(house: House) -> None:
    organiser, candidate, anybody = (
        await house.client("organiser"),
        await house.client("candidate"),
        await house.client(),
    )
    await candidate.refused(404, "GET", "/api/credential")
    rooms, exam, seat = house.rooms, house.exam.exam_id, house.seat("candidate")
    encounter = await rooms.exams.encounter(await house.encounter_of("candidate"))
    assert encounter.examiner is not None
    version = await rooms.stations.get(encounter.station_hash)
    fields: dict[str, object] = {f"item.{one.id}": "done" for one in version.mark_sheet.items}
    await fill_in(rooms, Kind.mark, encounter.id, encounter.examiner, {**fields, "global": "good"})
    by = Principal(new_id(), Role.organiser, exam, None, new_id(), "Olive")
    run = await rooms.results.run(exam, ResultRules(method="fixed", fixed_cut=50), by)
    await candidate.refused(404, "GET", "/api/credential")
    release = await rooms.results.release(run.id, by)

    answer = await candidate.ask("GET", "/api/credential")
    token = await answer.text()
    assert (answer.status, answer.content_type) == (200, "application/vc+jwt")
    said = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    path = "/credentials/" + said["id"].rpartition("/")[2]
    assert await (await organiser.ask("GET", f"/api/exams/{exam}/results/credentials/{seat}.jwt")).text() == token
    other = await house.client("candidate", 1)
    await other.refused(404, "GET", "/api/credential")
    await other.refused(403, "GET", f"/api/exams/{exam}/results/credentials")

    page = await anybody.ask("GET", path)
    text = await page.text()
    assert page.status == 200
    assert "This credential is valid" in text
    assert "Ada One" in text
    (listed,) = (await organiser.json("GET", f"/api/exams/{exam}/results/credentials"))["credentials"]
    assert (listed["seat"], listed["state"], listed["url"]) == (seat, "valid", said["id"])
    issuer = await anybody.json("GET", "/credentials/issuer")
    (key,) = (await anybody.json("GET", "/.well-known/jwks.json"))["keys"]
    assert issuer["id"] == said["iss"]
    assert issuer["verificationMethod"][0]["publicKeyJwk"]["x"] == key["x"]

    await rooms.results.withdraw(release.id, exam, by)
    text = await (await anybody.ask("GET", path)).text()
    assert "This credential was revoked" in text
    assert "Ada One" not in text
    assert house.exam.exam_id not in text
    for unknown in (new_id(), "x"):
        page = await anybody.ask("GET", f"/credentials/{unknown}")
        assert page.status == 404
        assert "There is no such credential" in await page.text()
    status = await anybody.ask("GET", "/credentials/status")
    assert status.headers["Cache-Control"] == "public, max-age=300"
