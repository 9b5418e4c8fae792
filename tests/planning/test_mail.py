"""Links by mail, taken by a real SMTP server: each person gets theirs once, and what failed is named."""

import asyncio
import email
import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from pydantic import SecretStr

from teleosce.core.errors import Invalid, Unavailable
from teleosce.core.settings import Settings
from teleosce.planning import Invitations, Sent
from teleosce.web import Rooms
from teleosce.web.plans import plans_of, schedule_in
from tests.planning.test_building import PLAN

URL = "https://osce.school.org"


class Office:
    """Takes letters for everybody but those it refuses; `hangs_up` after so many."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.hangs_up: int | None = None

    async def handle_RCPT(self, _s: Any, _session: Any, envelope: Envelope, address: str, _o: Any) -> str:  # noqa: N802
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.hangs_up is not None and len(self.letters) >= self.hangs_up:
            server.transport.close()
            return "421 closing"
        assert isinstance(envelope.content, bytes)
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


def _knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
    return AuthResult(success=given.password == b"secret", handled=False)


@pytest.fixture
async def office() -> AsyncIterator[tuple[Office, int]]:
    made = Office()

    def protocol() -> SMTP:
        return SMTP(made, authenticator=_knows, auth_require_tls=False, auth_required=True, hostname="mail.school.org")

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    yield made, server.sockets[0].getsockname()[1]
    server.close()


async def _exam(rooms: Rooms) -> str:
    plans = plans_of(rooms)
    kept = await plans.create(PLAN)
    await plans.build(kept.exam_id, kept.version)
    return kept.exam_id


async def _send(rooms: Rooms, port: int, exam_id: str, only: list[str] | None = None, **more: Any) -> Sent:
    smtp: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "smtp_user": "osce"}
    smtp |= {"smtp_password": SecretStr("secret"), "smtp_from": "Exam office <exams@school.org>"}
    settings = Settings(data=rooms.settings.data, **(smtp | more))
    invitations = Invitations(rooms.database, rooms.clock, rooms.people, settings)
    return await invitations.send(await schedule_in(rooms, exam_id), URL, only=only, again=only is not None)


async def test_everybody_with_an_address_is_sent_their_link_once(rooms: Rooms, office: tuple[Office, int]) -> None:
    post, port = office
    exam_id = await _exam(rooms)
    done = await _send(rooms, port, exam_id)
    assert {one.name for one in done.sent} == {"Ada Ädams", "Mr Doyle"}
    assert {one.name for one in done.without} == {
        "Ben Bull",
        "Cy Cole",
        "Patient 2",
        "Ms Spare",
        "=Dr Khan",
        "Examiner",
        "Ivy",
    }
    letters = {one["To"]: one for one in post.letters}
    ada = letters["ada@x.org"]
    text = ada.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Tuesday 1 December 2026, 10:00 to" in text
    assert "in Berlin (Europe/Berlin)" in text
    assert "At the school that is Tuesday 1 December 2026, 09:00 to" in text
    assert "Chest pain" not in text
    token = re.search(rf"{URL}/j#([\w-]{{43}})", text)
    assert token
    assert (await rooms.people.look_at_link(token[1])).seat.name == "Ada Ädams"
    (calendar,) = ada.iter_attachments()
    assert calendar.get_filename() == "exam.ics"
    assert "BEGIN:VEVENT" in calendar.get_content()
    assert token[1] not in calendar.get_content()

    again = await _send(rooms, port, exam_id)
    assert (again.sent, len(again.before), len(post.letters)) == ((), 2, 2)
    once_more = await _send(rooms, port, exam_id, only=[done.sent[0].id])
    assert (len(once_more.sent), len(post.letters)) == (1, 3)


async def test_a_letter_about_a_result_tells_nothing_of_it_and_counts_for_itself(
    rooms: Rooms, office: tuple[Office, int]
) -> None:
    post, port = office
    exam_id = await _exam(rooms)
    await _send(rooms, port, exam_id)
    ada = next(seat for seat in await rooms.people.seats(exam_id) if seat.name == "Ada Ädams")
    settings = Settings(
        data=rooms.settings.data,
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_tls="none",
        smtp_user="osce",
        smtp_password=SecretStr("secret"),
        smtp_from="exams@school.org",
    )
    letters = Invitations(rooms.database, rooms.clock, rooms.people, settings, "feedback")
    schedule = await schedule_in(rooms, exam_id)
    done = [await letters.send(schedule, URL, only=[ada.id]) for _ in range(2)]
    assert [len(one.sent) for one in done] == [1, 0]
    letter = post.letters[-1]
    assert (letter["To"], letter["Subject"]) == ("ada@x.org", "Finals: your result can be read")
    token = re.search(rf"{URL}/j#([\w-]{{43}})", letter.get_content())
    assert token
    assert (await rooms.people.look_at_link(token[1])).seat == ada
    assert list(letter.iter_attachments()) == []


async def test_what_failed_is_named_and_sent_again_alone(rooms: Rooms, office: tuple[Office, int]) -> None:
    post, port = office
    post.refused = {"ada@x.org"}
    exam_id = await _exam(rooms)
    done = await _send(rooms, port, exam_id)
    assert [(one.name, why) for one, why in done.failed] == [("Ada Ädams", "The mail server refused the address.")]
    post.refused.clear()
    again = await _send(rooms, port, exam_id)
    assert [one.name for one in again.sent] == ["Ada Ädams"]
    assert sorted(one["To"] for one in post.letters) == ["ada@x.org", "doyle@x.org"]


async def test_a_server_that_hangs_up_leaves_the_rest_to_be_sent(rooms: Rooms, office: tuple[Office, int]) -> None:
    post, port = office
    post.hangs_up = 1
    exam_id = await _exam(rooms)
    done = await _send(rooms, port, exam_id)
    assert (len(done.sent), len(done.failed)) == (1, 1)
    post.hangs_up = None
    again = await _send(rooms, port, exam_id)
    assert [one for one, _ in done.failed] == list(again.sent)
    assert len({one["To"] for one in post.letters}) == len(post.letters) == 2


async def test_without_a_server_nothing_is_sent_and_it_says_why(rooms: Rooms, office: tuple[Office, int]) -> None:
    post, port = office
    exam_id = await _exam(rooms)
    with pytest.raises(Invalid, match="smtp_host"):
        await _send(rooms, port, exam_id, smtp_host=None)
    with pytest.raises(Unavailable, match="refused the user or the password"):
        await _send(rooms, port, exam_id, smtp_password=SecretStr("wrong"))
    with pytest.raises(Unavailable, match="did not answer"):
        await _send(rooms, port, exam_id, smtp_tls="starttls")
    assert post.letters == []
    assert len((await _send(rooms, port, exam_id)).sent) == 2
