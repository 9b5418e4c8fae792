"""People on lean clients: what they send becomes an alarm within its bound, and goes when it is mended."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from teleosce.exams import Phase
from tests.rtc import clients
from tests.rtc.clients import until
from tests.watching.media import clip, microphone, sounds
from tests.watching.ward import Sends, Ward, ward_in
from tests.web.house import house as house_of

pytestmark = pytest.mark.faults


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with ward_in(tmp_path) as made:
        yield made


async def test_a_silent_microphone_is_named_within_ten_seconds(ward: Ward) -> None:
    ada = await ward.join("ada")
    ward.begin("ada")
    await ward.quiet(5)
    ada.clip.sounds[:] = sounds("silence")
    took = await ward.until({("ada", "silent")}, 10)
    assert took > 6
    ada.clip.sounds[:] = sounds("voice")
    assert await ward.until(set(), 5) < 4
    ward.watching.told("ada", "off", "on")
    ada.clip.sounds[:] = sounds("silence")
    await ward.quiet(12)


@pytest.mark.parametrize(("picture", "kind", "bound"), [("black", "dark", 10), ("a finger", "covered", 10)])
async def test_a_picture_that_shows_nothing(ward: Ward, picture: str, kind: str, bound: float) -> None:
    ada = await ward.join("ada")
    ward.begin("ada")
    shown = clip(picture).frames
    await ward.quiet(8)
    ada.clip.frames[:] = shown
    ada.force_key = True
    await ward.until({("ada", kind)}, bound)
    ada.clip.frames[:] = clip().frames
    ada.force_key = True
    await ward.until(set(), 15)


async def test_loss(ward: Ward) -> None:
    ada = await ward.join("ada")
    ward.begin("ada")
    await ward.quiet(4)
    ada.drop_out = lambda ssrc, sequence: sequence % 8 == 0
    await ward.until({("ada", "loss")}, 10)
    ada.drop_out = lambda ssrc, sequence: False
    await ward.until(set(), 25)


async def test_people_in_good_order_raise_nothing_for_a_minute(ward: Ward) -> None:
    """A voice, a listener in a quiet room who has spoken once, a dim room, a microphone switched off."""
    await ward.join("ada")
    ben = await ward.join("ben", clip("person in a dim room", "quiet voice"))
    cy = await ward.join("cy", clip("person", "voice"))
    ward.watching.told("dee", "off", "off")
    await ward.join("dee", clip("black", "silence"))
    ward.begin("ada", "ben", "cy", "dee")
    await ward.quiet(6)
    cy.clip.sounds[:] = sounds("very quiet room")
    await ward.quiet(30)
    ben.clip.sounds[:] = sounds("voice")
    await ward.quiet(30)


async def test_a_voice_that_comes_back_out_of_a_loudspeaker(ward: Ward) -> None:
    """Told of the one whose loudspeaker it is, and over when they put headphones on; it is no matter who talks when."""
    ben = await ward.join("ben", clip("person"))
    ann = await ward.join("ann", clip("person in a dim room", "room"))
    ben.clip.sounds[:] = microphone("sp")
    ward.begin("ann", "ben")
    echo = microphone(None, "sp", -20, 250)
    await ward.quiet(14)
    await speaks(ben)
    ann.clip.sounds[:] = after(echo, ann, ben)
    await ward.until({("ann", "echo")}, 10)
    ann.clip.sounds[:] = microphone("candidate")
    await ward.until(set(), 20)
    await ward.quiet(40)


async def speaks(one: Sends) -> None:
    """Until they begin to speak: ten seconds, and then two of silence."""
    assert one.started is not None
    await asyncio.sleep(12 - (time.monotonic() - one.started) % 12)


def after(sounds: Sequence[bytes], one: Sends, other: Sends) -> list[bytes]:
    """As if both had begun to send their sounds, which are as many, at one moment."""
    assert one.started is not None
    assert other.started is not None
    later = round((one.started - other.started) * 50) % len(sounds)
    return [*sounds[later:], *sounds[:later]]


async def test_the_examiner_is_told_what_was_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate whose sound did not arrive for a while is not to be marked down for it."""
    async with house_of(tmp_path / "data") as house:
        monkeypatch.setattr(clients, "SECRET", house.rooms.secret)
        encounter, examiner = await house.encounter_of("candidate"), await house.client("examiner")
        await house.begin(encounter)
        candidate = Sends(house.rooms.media, clip(), house.seat("candidate"), room=encounter, slots=0)
        candidate.mute = True
        await candidate.join()
        sp = Sends(house.rooms.media, clip(), house.seat("sp"), room=encounter, slots=0)
        await sp.join()
        await until(lambda: [one.kind.value for one in house.rooms.watching.alarms()] == ["no-sound"], 20)
        candidate.mute = False
        await until(lambda: not house.rooms.watching.alarms(), 20)
        await house.rooms.day.end_phase(encounter, Phase.encounter)
        sealed = await _sealed(examiner, encounter)
        assert [(one["role"], one["kind"]) for one in sealed["alarms"] if one["kind"] != "absent"] == [
            ("candidate", "no-sound")
        ]
        for one in sealed["alarms"]:
            assert 0 <= one["from_ms"] < one["to_ms"] <= sealed["duration_ms"]
        for person in (candidate, sp):
            await person.leave()


async def _sealed(examiner: Any, encounter: str) -> Any:
    """What the page is told, which asks again and again as well."""
    async with asyncio.timeout(60):
        while True:
            told = await examiner.json("GET", f"/api/encounters/{encounter}/recording")
            if told["state"] == "sealed":
                return told
            await asyncio.sleep(0.1)
