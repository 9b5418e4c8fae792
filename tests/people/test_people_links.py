import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_world import HOUR, NOW, PeopleWorld

from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from teleosce.core.events import SessionEnded
from teleosce.core.ids import new_token
from teleosce.people import LinkRefused, Role, Seat
from teleosce.people.links import why_not


async def refusal(school: PeopleWorld, token: str, how: str = "join") -> LinkRefused:
    with pytest.raises(LinkRefused) as caught:
        await (school.people.join(token, "laptop") if how == "join" else school.people.look_at_link(token))
    return caught.value


async def unusable(school: PeopleWorld, seat: Seat) -> dict[str, str]:
    revoked = await school.link(seat)
    await school.people.revoke_links(seat.id)
    return {
        "wrong": new_token(),
        "revoked": revoked,
        "expired": await school.link(seat, NOW - HOUR, NOW),
        "not-yet": await school.link(seat, NOW + 1, NOW + HOUR),
    }


async def test_a_link_says_what_it_is_for_and_leads_to_the_seat(school: PeopleWorld) -> None:
    seat = await school.people.add_seat("exam", Role.candidate, " Ada Ling ", "007")
    token = await school.link(seat)
    view = await school.people.look_at_link(token)
    assert (view.seat.name, view.seat.number, view.opens_ms, view.closes_ms) == (
        "Ada Ling",
        "007",
        NOW,
        NOW + HOUR,
    )
    session, principal = await school.people.join(token, "laptop")
    assert (principal.role, principal.exam_id, principal.seat_id) == (Role.candidate, "exam", seat.id)
    assert await school.people.principal(session) == principal
    assert await school.people.seats("exam") == [seat] == [await school.people.seat(seat.id)]


async def test_every_refusal_is_one_and_the_same_and_costs_the_same(school: PeopleWorld) -> None:
    tokens = await unusable(school, await school.candidate())
    said, sent = set(), set()
    for token in tokens.values():
        with school.statements() as statements:
            fault = await refusal(school, token)
        said.add((fault.message, fault.code, fault.status, fault.details, isinstance(fault, Forbidden)))
        sent.add(tuple(statements))
    assert len(said) == len(sent) == 1
    assert "ask the organiser" in fault.message
    assert fault.code == "link-refused"
    assert school.reasons() == list(tokens)


async def test_looking_refuses_alike_but_shows_a_link_that_opens_later(school: PeopleWorld) -> None:
    tokens = await unusable(school, await school.candidate())
    assert (await school.people.look_at_link(tokens.pop("not-yet"))).opens_ms == NOW + 1
    sent = set()
    for token in tokens.values():
        with school.statements() as statements:
            await refusal(school, token, "look")
        sent.add(tuple(statements))
    assert len(sent) == 1
    assert school.reasons() == list(tokens)


async def test_the_window_at_its_borders(school: PeopleWorld) -> None:
    token = await school.link(await school.candidate(), NOW + 100, NOW + 200)
    for now_ms, opens in ((99, False), (100, True), (199, True), (200, False)):
        school.clock.set(NOW + now_ms)
        if opens:
            await school.people.join(token, "laptop")
        else:
            await refusal(school, token)
    assert school.reasons() == ["not-yet", "expired"]


class Window:
    def __init__(self, opens_ms: int, closes_ms: int, revoked_ms: int | None) -> None:
        self.opens_ms, self.closes_ms, self.revoked_ms = opens_ms, closes_ms, revoked_ms


@given(st.integers(0, 50), st.integers(1, 50), st.one_of(st.none(), st.integers(0, 50)), st.integers(0, 110))
def test_a_link_may_be_joined_inside_its_window_only(
    opens_ms: int, length: int, revoked_ms: int | None, now_ms: int
) -> None:
    link = Window(opens_ms, opens_ms + length, revoked_ms)
    inside = revoked_ms is None and now_ms in range(opens_ms, opens_ms + length)
    assert (why_not(link, now_ms) is None) == inside


@pytest.mark.parametrize(("opens_ms", "closes_ms"), [(NOW, NOW), (NOW, NOW - 1), (-1, NOW), (NOW, 2**63)])
async def test_a_window_that_is_none(school: PeopleWorld, opens_ms: int, closes_ms: int) -> None:
    with pytest.raises(Invalid, match="No link was made"):
        await school.link(await school.candidate(), opens_ms, closes_ms)


@pytest.mark.parametrize("token", ["", "\ud800", "\0", "x" * 100_000, "' OR 1=1 --"])
async def test_no_text_breaks_the_door(school: PeopleWorld, token: str) -> None:
    await refusal(school, token)
    await refusal(school, token, "look")
    with pytest.raises(SignInNeeded):
        await school.people.principal(token)


async def test_a_new_link_leaves_or_replaces_the_older(school: PeopleWorld) -> None:
    seat = await school.candidate()
    first, second = await school.link(seat), await school.link(seat)
    session, _ = await school.people.join(first, "laptop")
    third = await school.people.issue_link(seat.id, NOW, NOW + HOUR, replace=True)
    for token in (first, second):
        await refusal(school, token)
    with pytest.raises(Conflict, match="a moment ago"):
        await school.people.issue_link(seat.id, NOW, NOW + HOUR, replace=True)
    assert await school.people.principal(session), "who is at work is not thrown out by a new link"
    await school.people.join(third, "phone")
    with pytest.raises(SignInNeeded):
        await school.people.principal(session)


async def test_the_first_new_link_of_two_stays_also_where_it_took_nobodys_place(school: PeopleWorld) -> None:
    seat = await school.candidate()
    for _ in range(2):  # a seat that never had a link, then one whose links were all taken back
        told = await asyncio.gather(*(replacing(school, seat) for _ in range(2)), return_exceptions=True)
        (first,) = [one for one in told if isinstance(one, str)]
        assert [str(one) for one in told if isinstance(one, Conflict) and "a moment ago" in str(one)]
        await school.people.look_at_link(first)
        await school.people.revoke_links(seat.id)
    await school.link(seat)  # an invitation by mail takes nobody's place
    newest = await replacing(school, seat)
    school.clock.set(NOW + 10_000)
    await replacing(school, seat)
    await refusal(school, newest)


async def replacing(school: PeopleWorld, seat: Seat) -> str:
    return await school.people.issue_link(seat.id, NOW, NOW + HOUR, replace=True)


async def test_the_newest_device_wins_and_the_old_one_is_told(school: PeopleWorld) -> None:
    token = await school.link(await school.candidate())
    old, before = await school.people.join(token, "laptop")
    new, after = await school.people.join(token, "phone")
    assert school.ended == [SessionEnded(before.session_id, "replaced")]
    assert await school.people.principal(new) == after
    with pytest.raises(SignInNeeded, match="another device") as caught:
        await school.people.principal(old)
    assert caught.value.code == "replaced"


async def test_one_of_many_joins_at_once_keeps_the_seat(school: PeopleWorld) -> None:
    token = await school.link(await school.candidate())
    elsewhere = Database(school.url)  # as a second process would
    doors = [school.people, school.another(elsewhere)]
    joined = await asyncio.gather(*(doors[number % 2].join(token, f"device {number}") for number in range(8)))
    await elsewhere.close()
    alive = []
    for session, principal in joined:
        try:
            alive.append(await school.people.principal(session))
        except SignInNeeded as fault:
            assert fault.code == "replaced"  # noqa: PT017
            assert SessionEnded(principal.session_id, "replaced") in school.ended
    assert len(alive) == 1
    assert len(school.ended) == 7
    assert (await school.people.verify_audit()).broken_at is None


async def test_a_refused_join_ends_nobody(school: PeopleWorld) -> None:
    seat = await school.candidate()
    session, _ = await school.people.join(await school.link(seat), "laptop")
    await refusal(school, await school.link(seat, NOW + 1))
    assert await school.people.principal(session)
    assert school.ended == []


async def test_revoking_ends_what_runs(school: PeopleWorld) -> None:
    seat = await school.candidate()
    token = await school.link(seat)
    session, principal = await school.people.join(token, "laptop")
    await school.people.revoke_links(seat.id)
    assert school.ended == [SessionEnded(principal.session_id, "revoked")]
    with pytest.raises(SignInNeeded) as caught:
        await school.people.principal(session)
    assert caught.value.code == "revoked"
    await refusal(school, token)


async def test_nothing_secret_is_at_rest(school: PeopleWorld) -> None:
    token = await school.link(await school.candidate())
    session, _ = await school.people.join(token, "laptop")
    with pytest.raises(SignInNeeded):
        await school.people.principal(new_token())
    await refusal(school, "wrong" + token)
    await school.database.close()
    kept = b"".join(file.read_bytes() for file in school.file.parent.iterdir())
    assert token.encode() not in kept
    assert session.encode() not in kept


async def test_seats_that_cannot_be(school: PeopleWorld) -> None:
    await school.people.add_seat("exam", Role.candidate, "Ada", "C1")
    await school.people.add_seat("another exam", Role.candidate, "Ada", "C1")
    with pytest.raises(Conflict, match="C1 is taken"):
        await school.people.add_seat("exam", Role.candidate, "Bo", "C1")
    for name in ("", "  ", "x" * 201):
        with pytest.raises(Invalid):
            await school.people.add_seat("exam", Role.observer, name)
    with pytest.raises(NotFound):
        await school.people.seat("nobody")
    with pytest.raises(NotFound):
        await school.people.issue_link("nobody", NOW, NOW + 1)
    with pytest.raises(NotFound):
        await school.people.revoke_links("nobody")


async def test_the_newest_equipment_check_counts(school: PeopleWorld) -> None:
    seat = await school.candidate()
    assert await school.people.equipment_check(seat.id) is None
    await school.people.keep_equipment_check(seat.id, {"verdict": "not-ready"})
    await school.people.keep_equipment_check(seat.id, {"verdict": "ready", "loss": 0.5})
    assert await school.people.equipment_check(seat.id) == {"verdict": "ready", "loss": 0.5}
    with pytest.raises(NotFound):
        await school.people.keep_equipment_check("nobody", {})
