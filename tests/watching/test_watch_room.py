"""A real media server and real packets: what is wrong becomes an alarm within its bound, and goes when it is mended."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from teleosce.watching import Watching
from tests.watching.media import clip, sounds
from tests.watching.ward import Ward


def begun(kind: str) -> float:
    return REGISTRY.get_sample_value("teleosce_alarms_begun_total", {"kind": kind}) or 0.0


async def test_who_sends_nothing_is_named_and_who_sends_is_not(ward: Ward) -> None:
    """One has neither sound nor picture, one no sound, one no picture; one seat is empty; one is well."""
    before = begun("no-packets")
    ward.begin("ada", "ben", "cy", "dee", "eve")
    await ward.join("ada", mute=True, dim=True)
    ben, cy = await ward.join("ben", mute=True), await ward.join("cy", dim=True)
    await ward.join("dee")
    wrong = {("ada", "no-packets"), ("ben", "no-sound"), ("cy", "no-picture"), ("eve", "absent")}
    await ward.until(wrong, 12)
    assert begun("no-packets") == before + 1
    ben.mute = cy.dim = False
    await ward.join("eve")
    await ward.until({("ada", "no-packets")}, 12)
    await ward.watching.leave(ward.encounter)
    assert ward.now() == set()


@pytest.mark.faults
async def test_who_shouts_into_the_microphone_is_named_until_it_is_turned_down(ward: Ward) -> None:
    before = begun("clipping")
    ward.begin("ada", "ben")
    loud = sounds("shouting")
    ada = await ward.join("ada")
    await ward.join("ben")
    await ward.quiet(5)
    ada.clip.sounds[:] = loud
    await ward.until({("ada", "clipping")}, 10)
    assert begun("clipping") == before + 1
    ada.clip = clip()
    await ward.until(set(), 40)


@pytest.mark.faults
async def test_alarms_can_be_read_afterwards_and_after_a_crash(ward: Ward, tmp_path: Path) -> None:
    ward.begin("ada", "ben")
    ada = await ward.join("ada", mute=True)
    await ward.until({("ada", "no-sound"), ("ben", "absent")}, 12)
    ada.mute = False
    await ward.until({("ben", "absent")}, 12)
    # As after kill -9: nothing was ended, and another server takes over.
    other = Watching(ward.database, ward.clock, ward.events)
    other.attend(ward.media.room(ward.encounter), ward.encounter, ("ada",))
    async with asyncio.timeout(5):
        while any(one.until_ms is None for one in await ward.history()):  # noqa: ASYNC110 the row tells nobody
            await asyncio.sleep(0.05)
    await other.close()
    found = {(one.participant_id, one.kind.value): one for one in await ward.history()}
    assert set(found) == {("ada", "no-sound"), ("ben", "absent")}
    for one in found.values():
        assert one.until_ms is not None
        assert 0 <= one.until_ms - one.since_ms < 60_000
