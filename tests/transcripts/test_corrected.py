"""What corrections tell of a station: how much is heard wrongly, and which terms it lacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_transcript_store import ready, transcript_of
from transcript_world import CANDIDATE, PATIENT, World, examiner

from teleosce.core.errors import NotFound
from teleosce.core.ids import new_id
from teleosce.transcripts.corrected import Proposal, ReadTurn, misheard, plain, proposals, wilson
from teleosce.transcripts.models import Word


def turn(encounter: str, *words: tuple[str, str | None], right: bool = False) -> ReadTurn:
    """Words as (heard, corrected)."""
    made = (Word(f"w{n}", heard, n * 300, n * 300 + 250, 0.9, corrected) for n, (heard, corrected) in enumerate(words))
    return ReadTurn(encounter, right, tuple(made))


def test_a_share_that_can_be_checked_by_hand() -> None:
    found = misheard(
        [
            turn("a", ("I", None), ("take", None), ("ramble", "ramipril"), ("daily.", "daily"), right=True),
            turn("a", ("Yes.", None), right=True),
            turn("b", ("the", ""), ("the", "The"), ("brown", "Brown"), ("one", "one inhaler"), ("now", "now")),
        ]
    )
    # Wrong: ramble, a word that was not said, and one beside which a word was left out; case and full stops are not.
    assert (found.words, found.wrong, found.turns, found.right, found.encounters) == (10, 3, 3, 2, 2)
    assert found.share == pytest.approx(0.3)
    # By hand: (0.3 + 3.8416 / 20 ± 1.96 √(0.21 / 10 + 3.8416 / 400)) / (1 + 3.8416 / 10).
    assert (found.low, found.high) == pytest.approx((0.1078, 0.6032), abs=1e-4)


def test_nobody_read_anything() -> None:
    found = misheard([])
    assert (found.share, found.low, found.high) == (None, 0.0, 1.0)


@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_the_interval_holds_the_share(one: int, other: int) -> None:
    wrong, of = min(one, other), max(one, other)
    low, high = wilson(wrong, of)
    assert 0 <= low <= (wrong / of if of else 0) + 1e-12
    assert (wrong / of if of else 1) - 1e-12 <= high <= 1


def test_what_is_corrected_often_is_proposed() -> None:
    said = [
        turn("a", ("ramble,", "ramipril,"), ("ramble", "Ramipril")),
        turn("b", ("Ramble", "ramipril."), ("sally", "salbutamol"), ("far", "four")),
        turn("c", ("sally", "salbutamol"), ("five", "5"), ("um", "")),
        turn("c", ("sally", "salbutamol"), ("G10", "GTN"), ("five", "5"), ("um", "")),
        turn("d", ("G10", "GTN"), ("G10", "GTN"), ("five", "5"), ("um", "")),
        turn("e", ("oral", "Horlicks"), ("oral", "Horlicks"), ("oral", "Horlicks")),
    ]
    assert proposals(said, ["GTN spray"]) == [
        Proposal("ramipril", ("ramble",), 3, 2),
        Proposal("salbutamol", ("sally",), 3, 2),
    ]
    assert [one.term for one in proposals(said, [])] == ["GTN", "ramipril", "salbutamol"]


@given(st.text())
def test_any_text_is_words_or_none(text: str) -> None:
    assert plain(text.upper().lower()) is not None
    assert all(word == word.strip() for word in plain(text))


async def test_turns_that_people_read_are_kept(world: World) -> None:
    encounter, other = await ready(world), await ready(world)
    first, second, third = (await transcript_of(world, encounter)).turns
    assert await world.transcripts.read_through([encounter, other]) == []
    await world.transcripts.confirm(first.id, examiner())
    await world.transcripts.confirm(first.id, examiner())
    await world.transcripts.correct(third.words[2].id, "ramipril", examiner())
    read = await world.transcripts.read_through([encounter, other])
    assert [(one.encounter_id, one.right, len(one.words)) for one in read] == [
        (encounter, True, len(first.words)),
        (encounter, False, len(third.words)),
    ]
    assert [one.right for one in (await transcript_of(world, encounter)).turns] == [True, False, False]
    assert misheard(read).wrong == 1
    assert await world.transcripts.read_through([]) == []
    assert second.id not in {one.words[0].id for one in read}

    await world.transcripts.forget_author("nobody", "Somebody")
    await world.transcripts.delete(encounter, "asked for", participant_id=CANDIDATE)
    assert [one.right for one in await world.transcripts.read_through([encounter])] == [False]
    await world.transcripts.delete(encounter, "asked for", participant_id=PATIENT)
    assert await world.transcripts.read_through([encounter]) == []


async def test_a_turn_that_is_not_there_cannot_be_right(world: World) -> None:
    for ask in (world.transcripts.confirm(new_id(), examiner()), world.transcripts.encounter_of_turn(new_id())):
        with pytest.raises(NotFound, match="no such turn"):
            await ask
