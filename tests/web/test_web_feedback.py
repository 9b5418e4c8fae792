"""A candidate's feedback by HTTP: when it is there, what of it the exam allows, and that it is nobody else's."""

import html
import io
import re
import zipfile
import zlib
from dataclasses import replace
from typing import Any

import av
import pytest
from sqlalchemy import delete, update

from teleosce.core.ids import new_id
from teleosce.exams.store_tables import encounters
from teleosce.people.store_tables import consents
from teleosce.reports.feedback_pdf import FeedbackZip, feedback_pdf
from teleosce.scoring import Change, Kind, layout_of
from teleosce.web.feedback import feedbacks_of
from teleosce.web.keeping import erasures_of
from tests.web.house import Client, House
from tests.web.released_exam import NASTY, PATIENTS_WORDS, PRAISE, QUOTE, released_exam

NAME = "Ada One"
MOMENT = "moments/2000/6000"
"""What the examiner pointed at first."""


async def read(client: Client) -> str:
    response = await client.ask("GET", "/feedback?role=candidate")
    assert response.status == 200
    return html.unescape(await response.text())


async def test_a_link_leads_to_feedback_once_it_is_released(house: House) -> None:
    exam = await released_exam(house)
    before = await house.client("candidate")
    assert "Your result is not open yet" in await read(before)
    assert (await before.ask("GET", "/station?role=candidate")).status == 200
    later = await house.rooms.results.release(
        (await exam.run()).id, exam.organiser, from_ms=house.rooms.clock.now_ms() + 3_600_000
    )
    said = await read(before)
    assert "You can read it here from" in said
    assert "Europe/London" in said
    assert NAME not in said.partition("<main")[2]
    await house.rooms.results.withdraw(later.id, house.exam.exam_id, exam.organiser)
    # Taken back before its time, nobody had seen anything.
    assert "Your result is not open yet" in await read(before)

    release = await exam.release()
    client = await house.client()
    token = house.link("candidate").partition("#")[2]
    looked = await client.json("POST", "/api/link", {"token": token})
    assert (looked["leads_to"], looked["consent"], looked["training"]) == ("feedback", None, None)
    assert (await client.json("POST", "/api/join", {"token": token}))["page"] == "/feedback?role=candidate"
    client.role = "candidate"
    moved = await client.ask("GET", "/station?role=candidate")
    assert (moved.status, moved.headers["Location"]) == (303, "/feedback?role=candidate")
    said = await read(client)
    assert "You passed" in said
    assert "You passed 2 of 2 stations." in said
    for there in (PRAISE, PATIENTS_WORDS, "Name the signs.", "Here you waited well.", "What to practise next"):
        assert there in said, there
    # Two candidates: quartiles would tell of single people. What was said is not allowed, nor is playing it.
    for absent in ("Ben Two", "middle half", QUOTE, "moment-play"):
        assert absent not in said, absent
    other = await house.client("candidate", 1)
    assert "You did not pass this time" in (await read(other))

    await house.rooms.results.withdraw(release, house.exam.exam_id, exam.organiser)
    said = await read(client)
    assert "Your result was taken back for now" in said
    assert PRAISE not in said
    for role in ("examiner", "sp", "organiser"):
        stranger = await house.client(role)
        assert (await stranger.ask("GET", f"/feedback?role={role}")).status in (403, 404)


@pytest.mark.faults
async def test_a_group_sees_only_what_was_released_to_it(house: House) -> None:
    exam = await released_exam(house)
    await exam.release(group="morning")
    assert "Your result is not open yet" in await read(await house.client("candidate"))


@pytest.mark.faults
async def test_the_exam_says_what_stands_beside_the_result(house: House) -> None:
    exam = await released_exam(house)
    await exam.release()
    client = await house.client("candidate")
    version = await house.rooms.stations.get(exam.mine[0].station_hash)
    item = version.mark_sheet.items[-1].text
    assert item in await read(client)
    await exam.allow(comments=False, sp_comments=False, items="domains-only", transcript=True)
    said = await read(client)
    for absent in (
        PRAISE,
        PATIENTS_WORDS,
        "Name the signs.",
        "Here you waited well.",
        item,
        version.mark_sheet.sp_rating[0].text,
    ):
        assert absent not in said, absent
    assert QUOTE in said
    assert "The domains in which you scored least" in said


async def test_what_people_wrote_is_text_and_nothing_else(house: House) -> None:
    exam = await released_exam(house, comment=NASTY)
    await exam.release()
    raw = await (await (await house.client("candidate")).ask("GET", "/feedback?role=candidate")).text()
    assert "<script>alert" not in raw
    assert NASTY in html.unescape(raw)


@pytest.mark.faults
async def test_marks_that_change_after_the_run_are_not_mixed_with_it(house: House) -> None:
    exam = await released_exam(house)
    await exam.release()
    [form] = [one for one in await house.rooms.forms.of_encounter(exam.mine[0].id) if one.kind == "mark"]
    await house.rooms.forms.amend(form.id, "Heard again.", form.author_id)
    said = await read(await house.client("candidate"))
    assert "are being looked at again" in said
    assert "You passed 2 of 2 stations." in said
    assert said.count(PRAISE) == 1


async def test_words_that_change_after_the_run_are_shown_only_with_another(house: House) -> None:
    exam = await released_exam(house)
    await exam.release()
    client, forms = await house.client("candidate"), house.rooms.forms
    assert (await read(client)).count(PRAISE) == 2
    for kind, looked_at_again in ((Kind.sp_rating, False), (Kind.mark, True)):
        [form] = [one for one in await forms.of_encounter(exam.mine[0].id) if one.kind is kind]
        layout = layout_of(await house.rooms.stations.get(exam.mine[0].station_hash))
        opened = await forms.amend(form.id, "Said better.", form.author_id)
        other = Change("comment", f"Other words: {kind}", opened.fields["comment"].version, new_id())
        assert not (await forms.save(form.id, [other], form.author_id, layout)).conflicts
        await forms.submit(form.id, form.author_id, layout)
        said = await read(client)
        assert "Other words" not in said
        assert ("are being looked at again" in said) is looked_at_again
        assert "You passed 2 of 2 stations." in said
        assert said.count(PATIENTS_WORDS) == 1
    assert said.count(PRAISE) == 1
    await exam.release()
    said = await read(client)
    assert said.count("Other words") == 2
    assert "are being looked at again" not in said


async def test_moments_play_for_the_candidate_alone_and_while_they_are_shown(house: House) -> None:
    exam = await released_exam(house)
    release = await exam.release()
    client, other = await house.client("candidate"), await house.client("candidate", 1)
    path = f"/api/feedback/encounters/{exam.mine[0].id}/{MOMENT}"
    await client.refused(404, "GET", path)
    await exam.allow(recording=True)
    assert "moment-play" in await read(client)
    found: Any = await client.json("GET", path)
    assert [take["role"] for take in found["takes"]] == ["candidate", "sp"]
    assert not any(house.seat("sp", n) in str(found) or "Pat A" in str(found) for n in range(2))
    url = found["takes"][0]["url"]
    part = await client.ask("GET", url, Range="bytes=0-99")
    assert (part.status, len(await part.read())) == (206, 100)
    whole = await (await client.ask("GET", url)).read()
    assert part.headers["Content-Range"] == f"bytes 0-99/{len(whole)}"
    last = await client.ask("GET", url, Range="bytes=-10")
    assert (last.status, await last.read()) == (206, whole[-10:])
    assert (await client.ask("GET", url, Range="bytes=999999999-")).status == 416
    for stranger in (other, await house.client("sp")):
        assert (await stranger.ask("GET", url)).status in (403, 404)
        assert (await stranger.ask("GET", path)).status in (403, 404)
    take = found["takes"][0]["id"]
    assert (await client.ask("GET", f"/media/takes/{take}.webm")).status == 403
    # Nothing was recorded at the second station, and nothing of the other candidate's is one's own.
    for encounter in (exam.mine[1], *exam.others):
        await client.refused(404, "GET", f"/api/feedback/encounters/{encounter.id}/{MOMENT}")
    await exam.allow(recording=False)
    await client.refused(404, "GET", url)
    await exam.allow(recording=True)
    await house.rooms.results.withdraw(release, house.exam.exam_id, exam.organiser)
    await client.refused(404, "GET", url)
    await client.refused(404, "GET", path)


async def test_a_moment_is_given_and_nothing_else_of_the_recording(house: House) -> None:
    exam = await released_exam(house)
    await exam.release()
    await exam.allow(recording=True)
    client = await house.client("candidate")
    base = f"/api/feedback/encounters/{exam.mine[0].id}"
    found: Any = await client.json("GET", f"{base}/{MOMENT}")
    take = found["takes"][0]
    # What was pointed at lasts from 2 to 6 s, with 2 s before it and 3 s after it.
    assert (take["starts_ms"], take["duration_ms"]) == (0, pytest.approx(9_000, abs=20))
    content = await (await client.ask("GET", take["url"])).read()
    with av.open(io.BytesIO(content)) as container:
        heard = [float(frame.time or 0) for frame in container.decode(audio=0)]
    assert 8.9 < heard[-1] < 9.0
    later: Any = await client.json("GET", f"{base}/moments/12000/12000")
    assert later["takes"][0]["starts_ms"] == 10_000
    assert later["takes"][0]["duration_ms"] == pytest.approx(5_000, abs=20)
    # Nothing that nobody pointed at, however it is asked for.
    for wrong in ("0/30000", "2000/30000", "2000/2000", "6000/2000", "-1/6000", "2000.0/6000", "x/y", "9" * 30 + "/1"):
        await client.refused(404, "GET", f"{base}/moments/{wrong}")
        assert (await client.ask("GET", f"/media/feedback/{take['id']}/{wrong}.webm")).status == 404
    assert (await client.ask("GET", f"/media/feedback/{take['id']}.webm")).status == 404
    await client.refused(404, "GET", f"{base}/recording")
    # Of a take that is damaged nothing is played; the other one is still there.
    house.rooms.recordings.path(await house.rooms.recordings.take(take["id"])).write_bytes(bytes(4096))
    found = await client.json("GET", f"{base}/{MOMENT}")
    assert [bool(one["url"]) for one in found["takes"]] == [False, True]
    assert (await client.ask("GET", take["url"])).status == 404


@pytest.mark.faults
async def test_nothing_plays_without_the_other_persons_consent(house: House) -> None:
    exam = await released_exam(house)
    await exam.release()
    await exam.allow(recording=True)
    client = await house.client("candidate")
    path = f"/api/feedback/encounters/{exam.mine[0].id}/{MOMENT}"
    assert (await client.ask("GET", path)).status == 200
    mine = update(encounters).where(encounters.c.id == exam.mine[0].id)
    for others in ((exam.others[0].candidate,), ()):  # who came along, whether they are assessed there or not
        async with house.rooms.database.write() as connection:
            await connection.execute(mine.values(extra=others))
        assert (await client.ask("GET", path)).status == (404 if others else 200)
    async with house.rooms.database.write() as connection:
        await connection.execute(delete(consents).where(consents.c.seat_id == exam.mine[0].sp))
    await client.refused(404, "GET", path)
    assert "moment-play" not in await read(client)


@pytest.mark.faults
async def test_of_somebody_who_was_erased_nothing_is_told(house: House) -> None:
    exam = await released_exam(house)
    await exam.release()
    await exam.allow(recording=True, transcript=True)
    client = await house.client("candidate")
    patient = await house.rooms.people.seat(exam.mine[0].sp or "")
    await erasures_of(house.rooms).erase([patient], asked_by="the patient, by letter", by=None)
    said = await read(client)
    assert said.count(PATIENTS_WORDS) == 1
    first = said.partition('id="station-1"')[2].partition('id="station-2"')[0]
    assert "Name the signs." in first
    assert QUOTE not in first
    found: Any = await client.json("GET", f"/api/feedback/encounters/{exam.mine[0].id}/{MOMENT}")
    assert [take["url"] is None for take in found["takes"] if take["role"] == "sp"] == [True]
    await erasures_of(house.rooms).erase(
        [await house.rooms.people.seat(house.seat("candidate"))], asked_by="the person, by letter", by=None
    )
    assert (await client.ask("GET", "/feedback?role=candidate")).status in (303, 401)


def inflated(pdf: bytes) -> bytes:
    """All streams of a PDF that deflate has packed."""
    found = b""
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found += zlib.decompress(packed)
        except zlib.error:
            found += packed
    return found


async def test_the_same_as_pdf_tagged_and_without_taking_words_for_markup(house: House) -> None:
    exam = await released_exam(house, comment=NASTY)
    client, organiser = await house.client("candidate"), await house.client("organiser")
    await client.refused(404, "GET", "/api/feedback/pdf")
    run = await exam.run()
    base = f"/api/exams/{house.exam.exam_id}/feedback"
    early = await organiser.ask("GET", f"{base}/runs/{run.id}/{house.seat('candidate')}.pdf")
    assert early.status == 200
    message = await organiser.refused(409, "POST", f"{base}/letters", {"seats": [house.seat("candidate")]})
    assert "nobody was told" in message
    await house.rooms.results.release(run.id, exam.organiser)
    made = await client.ask("GET", "/api/feedback/pdf")
    assert made.headers["Content-Type"] == "application/pdf"
    content = await made.read()
    assert content.startswith(b"%PDF-")
    assert b"/MarkInfo<</Marked true" in content + inflated(content)
    assert b"pdfuaid:part" in inflated(content)
    found = await organiser.json("GET", f"{base}/letters")
    assert {one["shown"] for one in found["people"]} == {"released"}
    assert not found["can_mail"]
    response = await organiser.ask("GET", f"{base}/runs/{run.id}.zip")
    with zipfile.ZipFile(io.BytesIO(await response.read())) as all_of_them:
        names = all_of_them.namelist()
        assert len(names) == 2
        assert all("/" not in name and name.endswith(".pdf") for name in names)
        assert all(all_of_them.read(name).startswith(b"%PDF-") for name in names)
    page = f"/results/{house.exam.exam_id}/feedback"
    for path in (page, f"{page}/{run.id}/{house.seat('candidate')}"):
        assert (await organiser.ask("GET", f"{path}?role=organiser")).status == 200
        assert (await client.ask("GET", f"{path}?role=candidate")).status == 403
    assert (await client.ask("GET", f"{base}/runs/{run.id}.zip")).status == 403
    other = await house.rooms.exams.create("Another exam", "Europe/London")
    for path in (f"runs/{run.id}.zip", f"runs/{run.id}/{house.seat('candidate')}.pdf"):
        assert (await organiser.ask("GET", f"/api/exams/{other.id}/feedback/{path}")).status == 404


@pytest.mark.faults
async def test_letters_without_a_font_make_a_pdf_all_the_same(house: House) -> None:
    exam = await released_exam(house)
    run = await exam.run()
    seat = await house.rooms.people.seat(house.seat("candidate"))
    found = await feedbacks_of(house.rooms).of(seat, run, 0)
    strange = replace(found, name="\u674e\u96f7 \U0001f600", number="../7")
    made = feedback_pdf(strange, "Not released yet.")
    assert b"/MarkInfo<</Marked true" in made + inflated(made)
    assert b"pdfuaid:part" not in inflated(made)
    packed = FeedbackZip()
    parts = [packed.add(strange, ""), packed.add(strange, ""), packed.end()]
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as names:
        assert names.namelist() == ["7 \u674e\u96f7.pdf", "7 \u674e\u96f7 2.pdf"]
