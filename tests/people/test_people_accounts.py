import asyncio
import threading

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from people_world import HOUR, NOW, CountingHasher, PeopleWorld

from teleosce.core.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded, TooMany
from teleosce.core.events import SessionEnded
from teleosce.people import People, Role
from teleosce.people.accounts import FROM_ONE_PLACE, IN_ALL, WINDOW_MS, wait_ms

PASSWORD = "long enough, no more rules"


@pytest.fixture
async def staffed(school: PeopleWorld) -> PeopleWorld:
    await school.people.add_account("Grace@School.org", "Grace Moss", PASSWORD, Role.examiner)
    return school


async def fails(school: PeopleWorld, email: str = "grace@school.org") -> Forbidden:
    with pytest.raises(Forbidden) as caught:
        await school.people.sign_in(email, "not the password", address="192.0.2.1")
    return caught.value


async def test_signing_in_for_a_long_day(staffed: PeopleWorld) -> None:
    token, principal = await staffed.people.sign_in(" grace@SCHOOL.org ", PASSWORD)
    assert (principal.role, principal.name, principal.seat_id, principal.exam_id) == (
        Role.examiner,
        "Grace Moss",
        None,
        None,
    )
    staffed.clock.set(NOW + 12 * HOUR - 1)
    assert await staffed.people.principal(token) == principal
    staffed.clock.set(NOW + 12 * HOUR)
    with pytest.raises(SignInNeeded) as caught:
        await staffed.people.principal(token)
    assert caught.value.code == "expired"


async def test_a_forgotten_password_is_replaced(staffed: PeopleWorld) -> None:
    token, principal = await staffed.people.sign_in("grace@school.org", PASSWORD)
    with pytest.raises(Invalid):
        await staffed.people.change_password("grace@school.org", "short")
    with pytest.raises(NotFound):
        await staffed.people.change_password("nobody@school.org", PASSWORD)
    account = await staffed.people.change_password("GRACE@school.org", "another one, as long")
    assert account.name == "Grace Moss"
    assert staffed.ended == [SessionEnded(principal.session_id, "signed-out")]
    with pytest.raises(SignInNeeded):
        await staffed.people.principal(token)
    with pytest.raises(Forbidden):
        await staffed.people.sign_in("grace@school.org", PASSWORD)
    await staffed.people.sign_in("grace@school.org", "another one, as long")
    report = await staffed.people.verify_audit()
    assert report.broken_at is None


async def test_a_new_password_ends_the_wait_of_who_forgot_the_old_one(staffed: PeopleWorld) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(FROM_ONE_PLACE):
            with pytest.raises(Forbidden):
                await staffed.people.sign_in("grace@school.org", "not the password", address=address)
    await staffed.people.change_password("Grace@school.org", "another one, as long")
    for address in ("192.0.2.1", "192.0.2.2"):
        await staffed.people.sign_in("grace@school.org", "another one, as long", address=address)


class SlowHasher(CountingHasher):
    """Is not done comparing before it may be."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost)
        self.begun, self.may_end = threading.Event(), threading.Event()

    def verify(self, stored: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.begun.set()
        assert self.may_end.wait(30)
        return super().verify(stored, password)


@pytest.mark.parametrize("time_cost", [1, 2], ids=["as it is", "to be renewed"])
async def test_a_password_that_is_changed_while_it_is_compared_lets_nobody_in(
    staffed: PeopleWorld, time_cost: int
) -> None:
    slow = SlowHasher(time_cost)
    signing_in = asyncio.create_task(staffed.another(staffed.database, slow).sign_in("grace@school.org", PASSWORD))
    await asyncio.to_thread(slow.begun.wait, 30)
    await staffed.people.change_password("grace@school.org", "another one, as long")
    slow.may_end.set()
    with pytest.raises(Forbidden):
        await signing_in
    assert staffed.rows("SELECT count(*) FROM sessions") == [(0,)]
    await staffed.people.sign_in("grace@school.org", "another one, as long")


async def test_signing_out(staffed: PeopleWorld) -> None:
    token, principal = await staffed.people.sign_in("grace@school.org", PASSWORD)
    for _ in range(2):
        await staffed.people.sign_out(principal.session_id)
    assert staffed.ended == [SessionEnded(principal.session_id, "signed-out")]
    with pytest.raises(SignInNeeded) as caught:
        await staffed.people.principal(token)
    assert caught.value.code == "signed-out"


async def test_a_session_ended_by_its_token(staffed: PeopleWorld) -> None:
    token, principal = await staffed.people.sign_in("grace@school.org", PASSWORD)
    await staffed.people.end_session(token, "replaced")
    await staffed.people.end_session("of nobody", "replaced")
    assert staffed.ended == [SessionEnded(principal.session_id, "replaced")]


async def test_two_devices_of_staff_may_work_side_by_side(staffed: PeopleWorld) -> None:
    for token, _ in [await staffed.people.sign_in("grace@school.org", PASSWORD) for _ in range(2)]:
        assert await staffed.people.principal(token)


async def test_the_kept_hash_is_argon2id(school: PeopleWorld) -> None:
    people = People(school.database, school.clock, school.events)
    await people.add_account("a@b.org", "A", PASSWORD, Role.organiser)
    [(kept,)] = school.rows("SELECT password_hash FROM accounts")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,")
    await people.sign_in("a@b.org", PASSWORD)


async def test_an_unknown_address_and_a_wrong_password_are_alike(staffed: PeopleWorld) -> None:
    said, sent = set(), set()
    for email in ("grace@school.org", "nobody@school.org"):
        with staffed.statements() as statements:
            fault = await fails(staffed, email)
        said.add((fault.message, fault.code))
        sent.add(tuple(statements))
    assert len(said) == len(sent) == 1
    assert len(staffed.hasher.verified) == 2
    assert len(set(staffed.hasher.verified)) == 1, "the same parameters, so the same work"
    subjects = staffed.rows("SELECT subject FROM audit_log WHERE action = 'account.sign-in-failed'")
    assert [subject == "unknown" for (subject,) in subjects] == [False, True]


async def test_a_hash_of_old_parameters_is_renewed(staffed: PeopleWorld) -> None:
    newer = CountingHasher(time_cost=2)
    people = staffed.another(staffed.database, newer)
    [(before,)] = staffed.rows("SELECT password_hash FROM accounts")
    await people.sign_in("grace@school.org", PASSWORD)
    [(after,)] = staffed.rows("SELECT password_hash FROM accounts")
    assert ",t=1," in before
    assert ",t=2," in after
    await people.sign_in("grace@school.org", PASSWORD)
    assert staffed.rows("SELECT password_hash FROM accounts") == [(after,)]


class ThreadNoting(PasswordHasher):
    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.threads: set[int] = set()

    def verify(self, stored: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.threads.add(threading.get_ident())
        return super().verify(stored, password)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.threads.add(threading.get_ident())
        return super().hash(password, salt=salt)


async def test_passwords_are_hashed_away_from_the_loop(school: PeopleWorld) -> None:
    hasher = ThreadNoting()
    people = school.another(school.database, hasher)
    await people.add_account("a@b.org", "A", PASSWORD, Role.organiser)
    await people.sign_in("a@b.org", PASSWORD)
    assert hasher.threads
    assert threading.get_ident() not in hasher.threads


async def test_guessing_from_one_place_is_braked_even_with_the_right_password(staffed: PeopleWorld) -> None:
    for _ in range(FROM_ONE_PLACE):
        await fails(staffed)
    staffed.clock.set(NOW + 60_000)
    with pytest.raises(TooMany, match="wait 14 minutes") as caught:
        await staffed.people.sign_in("grace@school.org", PASSWORD, address="192.0.2.1")
    assert caught.value.details == {"wait_s": 14 * 60}
    await staffed.people.sign_in("grace@school.org", PASSWORD, address="192.0.2.2")
    staffed.clock.set(NOW + WINDOW_MS)
    await staffed.people.sign_in("grace@school.org", PASSWORD, address="192.0.2.1")


async def test_the_brake_outlives_a_restart_and_counts_unknown_addresses(staffed: PeopleWorld) -> None:
    for _ in range(FROM_ONE_PLACE):
        await fails(staffed, "nobody@school.org")
    with pytest.raises(TooMany):
        await staffed.another(staffed.database).sign_in("nobody@school.org", "x", address="192.0.2.1")


async def test_guesses_at_once_are_counted_each(staffed: PeopleWorld) -> None:
    guesses = (
        staffed.people.sign_in("grace@school.org", "not it", address="192.0.2.1") for _ in range(FROM_ONE_PLACE + 4)
    )
    faults = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(fault, TooMany) for fault in faults) == 4
    assert len(staffed.hasher.verified) == FROM_ONE_PLACE


async def test_a_success_clears_the_count(staffed: PeopleWorld) -> None:
    for _ in range(2):
        for _ in range(FROM_ONE_PLACE - 1):
            await fails(staffed)
        await staffed.people.sign_in("grace@school.org", PASSWORD, address="192.0.2.1")


attempts = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(1, WINDOW_MS)), max_size=2 * IN_ALL
)


@given(attempts)
def test_waiting_as_long_as_told_is_enough_and_needed(made: list[tuple[str, str, int]]) -> None:
    wait = wait_ms(made, "a", "x", WINDOW_MS)

    def left(later_ms: int) -> int:
        now_ms = WINDOW_MS + later_ms
        return wait_ms([one for one in made if one[2] > now_ms - WINDOW_MS], "a", "x", now_ms)

    assert left(wait) == 0
    if wait:
        assert left(wait - 1) > 0


def test_each_limit_holds_by_itself() -> None:
    assert wait_ms([("a", "x", 5)] * FROM_ONE_PLACE, "a", "x", 5) == WINDOW_MS
    assert wait_ms([("a", str(n), 5) for n in range(IN_ALL)], "a", "new", 5) == WINDOW_MS
    assert wait_ms([(str(n), "x", 5) for n in range(IN_ALL)], "new", "x", 5) == WINDOW_MS
    assert wait_ms([("a", "x", 5)] * (FROM_ONE_PLACE - 1), "a", "x", 5) == 0


@pytest.mark.parametrize(
    ("email", "password", "role", "said"),
    [
        ("a@b.org", "eleven char", Role.examiner, "at least 12 characters"),
        ("a@b.org", PASSWORD, Role.candidate, "a seat and a link"),
        ("a@b.org", PASSWORD, Role.standardized_patient, "a seat and a link"),
        ("no address", PASSWORD, Role.examiner, "not an e-mail address"),
        ("@b.org", PASSWORD, Role.examiner, "not an e-mail address"),
        ("a" * 250 + "@b.org", PASSWORD, Role.examiner, "not an e-mail address"),
    ],
)
async def test_accounts_that_cannot_be(school: PeopleWorld, email: str, password: str, role: Role, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        await school.people.add_account(email, "Somebody", password, role)
    assert school.rows("SELECT count(*) FROM accounts") == [(0,)]


async def test_an_address_has_one_account(staffed: PeopleWorld) -> None:
    with pytest.raises(Conflict, match="has an account already"):
        await staffed.people.add_account("GRACE@school.org", "Another", PASSWORD, Role.observer)


async def test_a_password_is_one_however_it_was_typed(school: PeopleWorld) -> None:
    await school.people.add_account("a@b.org", "A", "caf\u00e9 caf\u00e9 caf\u00e9", Role.organiser)
    await school.people.sign_in("a@b.org", "cafe\u0301 cafe\u0301 cafe\u0301")


@pytest.mark.parametrize("odd", ["\ud800", "\0", "", "x" * 100_000])
async def test_no_text_breaks_signing_in(staffed: PeopleWorld, odd: str) -> None:
    for email, password in ((odd, PASSWORD), ("grace@school.org", odd)):
        with pytest.raises(Forbidden):
            await staffed.people.sign_in(email, password, address=odd, device=odd)
