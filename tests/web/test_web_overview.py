"""The organiser's page during marking: what it says of an exam, who may see it, reassigning and reminders."""

import asyncio
import re
from typing import Any

import pytest
from pydantic import SecretStr

from teleosce.core.errors import Invalid
from teleosce.core.settings import Settings
from teleosce.planning import Reminded, Reminders
from teleosce.web.marking_view import tasks_of, to_mark
from teleosce.web.plans import schedule_in
from tests.begun import bank_of
from tests.planning.test_mail import URL, Office
from tests.planning.test_mail import office as office  # noqa: PLC0414 a fixture
from tests.web.house import House
from tests.web.marked_exam import FLAT, LENIENT, SLOW, MarkedExam, give_addresses, marked_exam


@pytest.fixture
async def marked(house: House) -> MarkedExam:
    bank = await bank_of(house.rooms)
    return await marked_exam(house.rooms, [bank["feverish-child"], bank["inhaler-technique"]])


async def test_the_page_of_an_exam_that_is_being_marked(house: House, marked: MarkedExam) -> None:
    organiser, stranger, examiner = [await house.client(role) for role in (None, "organiser", "examiner")]
    await organiser.join(f"#{marked.organiser}")
    path = f"/api/exams/{marked.exam_id}/marking"
    await stranger.refused(404, "GET", path)
    await stranger.refused(404, "POST", f"{path}/remind", {"seats": ["x"]})
    assert (await stranger.ask("GET", f"/marking/{marked.exam_id}")).status == 404
    for wanted in (path, f"/marking/{marked.exam_id}", f"/api/exams/{marked.exam_id}/references"):
        assert (await examiner.ask("GET", wanted)).status == 403
    assert (await organiser.ask("GET", f"/marking/{marked.exam_id}")).status == 200

    told = await organiser.json("GET", path)
    # 72 encounters; five examiners gave 11 marks each but the fifth, who has ten encounters, and the slow one three.
    assert (told["all"]["assigned"], told["nobody"]) == (72, 2)
    assert told["all"]["submitted"] == 11 * 4 + 10 + 3
    assert len(told["missing"]) == 72 - told["all"]["submitted"]
    by_name = {one["name"]: one for one in told["examiners"]}
    lenient, flat, slow = by_name[LENIENT]["watch"], by_name[FLAT]["watch"], by_name[SLOW]
    assert lenient["leniency"]["stands_out"]
    assert lenient["leniency"]["low"] > 0
    assert flat["spread"]["stands_out"]
    assert flat["grades"]["own"] == 0
    assert slow["watch"]["leniency"] == {
        "n": 3, "needs": 5, "value": None, "low": None, "high": None, "own": None, "others": None, "stands_out": False,
    }  # fmt: skip
    assert by_name[LENIENT]["pace"]["minutes"]["value"] == 12
    assert told["all"]["ends_ms"]["low"] < told["all"]["ends_ms"]["value"] < told["all"]["ends_ms"]["high"]

    # What nobody took is given to somebody, and what is submitted stays where it is.
    moved = await organiser.json(
        "POST", f"{path}/assignments", {"encounters": marked.nobodys, "seat": marked.seats[SLOW], "kind": "first"}
    )
    assert sorted(moved["moved"]) == sorted(marked.nobodys)
    again = await organiser.json("GET", path)
    assert again["nobody"] == 0
    assert next(one for one in again["examiners"] if one["name"] == SLOW)["pace"]["assigned"] == 14


async def _remind(house: House, marked: MarkedExam, port: int, **more: Any) -> Reminded:
    rooms = house.rooms
    smtp: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "smtp_user": "osce"}
    smtp |= {"smtp_password": SecretStr("secret"), "smtp_from": "Exam office <exams@school.org>"}
    settings = Settings(data=rooms.settings.data, **(smtp | more))
    reminders = Reminders(rooms.database, rooms.clock, rooms.people, settings)
    tasks = tasks_of(await to_mark(rooms, marked.exam_id))
    return await reminders.send(await schedule_in(rooms, marked.exam_id), URL, tasks)


async def test_reminders_go_once_to_those_who_have_something_left(
    house: House, marked: MarkedExam, office: tuple[Office, int]
) -> None:
    post, port = office
    await give_addresses(house.rooms, {marked.seats[SLOW]: "fofanah@x.org", marked.seats[FLAT]: "bello@x.org"})
    with pytest.raises(Invalid, match="smtp_host"):
        await _remind(house, marked, port, smtp_host=None)
    post.refused = {"bello@x.org"}
    # Two who press at once send one letter.
    both = await asyncio.gather(*(_remind(house, marked, port) for _ in range(2)))
    assert sorted(len(one.sent) for one in both) == [0, 1]
    assert {seat.name for one in both for seat in one.lately} >= {SLOW}
    assert {why for one in both for _, why in one.failed} == {"The mail server refused the address."}
    assert {seat.name for seat in both[0].without} == {LENIENT, "Dr Costa", "Dr Duarte"}
    (letter,) = post.letters
    text = letter.get_content()
    assert letter["Subject"] == "Finals, communication: 9 encounters still to mark"
    assert "9 encounters are still yours to mark, of 12" in text
    assert "Candidate" not in text
    token = re.search(rf"{URL}/j#([\w-]{{43}})", text)
    assert token
    assert (await house.rooms.people.look_at_link(token[1])).seat.name == SLOW

    # What failed is tried again; who was reminded is left alone for half a day.
    post.refused.clear()
    again = await _remind(house, marked, port)
    assert ([one.name for one in again.sent], [one.name for one in again.lately]) == ([FLAT], [SLOW])
    assert len(post.letters) == 2
