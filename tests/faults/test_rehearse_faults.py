"""Rehearsals in which things go wrong: everybody comes back, and nothing acknowledged is lost."""

import pytest

from teleosce.rehearsal.judge import is_go, judge
from teleosce.rehearsal.trouble import read_trouble
from teleosce.rehearse import Wanted, rehearse

pytestmark = pytest.mark.faults


async def held(tmp_path, minutes, *troubles, sessions=1):
    wanted = Wanted(
        sessions=sessions,
        minutes=minutes,
        troubles=[read_trouble(one) for one in troubles],
        data=tmp_path / "data",
        seed=2,
    )
    facts = await rehearse(wanted, print)
    assert facts.unfinished == []
    assert facts.breaches == []
    assert facts.mishaps == []
    assert facts.marks_missing == 0
    assert facts.marks_acknowledged > 0
    return facts


def verdict(facts, beginning):
    return next(one for one in judge(facts) if one.what.startswith(beginning))


async def test_a_reload_and_a_cut_line(tmp_path):
    facts = await held(tmp_path, 0.9, "reload@8", "drop=20@8:sp")
    candidate, patient = facts.people
    assert [(one.why, one.back_s is not None) for one in candidate.outages] == [("reload", True)]
    assert [(one.why, one.back_s is not None) for one in patient.outages] == [("drop", True)]
    numbers = {role: [one.number for one in facts.takes if one.role == role] for role in ("candidate", "sp")}
    assert max(numbers["candidate"]) == 2
    assert max(numbers["sp"]) == 2


async def test_a_short_cut_keeps_the_connection(tmp_path):
    facts = await held(tmp_path, 0.5, "drop=5@8:both")
    assert all(one.outages[0].back_s is not None for one in facts.people)
    assert len(facts.takes) == 2
    assert all(any(gap[0] == "line" for gap in take.gaps) for take in facts.takes)


async def test_another_port_and_somebody_who_vanishes(tmp_path):
    facts = await held(tmp_path, 0.75, "move@8", "vanish@10:sp")
    candidate, patient = facts.people
    assert candidate.outages[0].back_s is not None
    ends = [take.sound[1] for take in facts.takes if take.seat == patient.seat]
    assert max(ends) < 14
    ends = [take.sound[1] for take in facts.takes if take.seat == candidate.seat]
    assert max(ends) > 43


async def test_a_dead_microphone_and_a_covered_camera_are_noticed(tmp_path):
    facts = await held(tmp_path, 0.6, "silent", "black:sp")
    assert verdict(facts, "Alarm for “silent”").found.startswith("1 of 1")
    assert verdict(facts, "Alarm for “black”").found.startswith("1 of 1")


async def test_an_echo_is_noticed(tmp_path):
    facts = await held(tmp_path, 0.6, "echo:sp")
    assert verdict(facts, "Alarm for “echo”").found.startswith("1 of 1")
    assert [kind for one in facts.people if one.role == "candidate" for kind, _ in one.alarms] == []


@pytest.mark.parametrize(("loss", "share"), [("5", 0.99), ("10", 0.95), ("20", 0.85)])
async def test_the_beeps_come_through_loss(tmp_path, loss, share):
    facts = await held(tmp_path, 1.0, f"loss={loss}:both", sessions=2)
    found, expected = (sum(getattr(one, name) for one in facts.takes) for name in ("beeps_found", "beeps_expected"))
    apart = verdict(facts, "Sound and picture apart").found
    print(f"{loss} % lost: {found} of {expected} beeps ({found / expected:.2%}); {apart}")  # noqa: T201 the measurement
    assert expected > 200
    assert found >= share * expected


async def test_a_long_way_and_packets_out_of_order(tmp_path):
    facts = await held(tmp_path, 0.5, "delay=150:both", "reorder=5:both")
    assert verdict(facts, "Beeps in the recordings").go
    assert verdict(facts, "Sound and picture apart").go


async def test_a_killed_server(tmp_path):
    facts = await held(tmp_path, 1.5, "kill@15", "kill@50")
    assert len(facts.kills) == 2
    for kill in facts.kills:
        assert None not in kill.back
        assert len(kill.lost) == 4
        assert max(kill.lost) <= 0.7
    assert verdict(facts, "Beeps in the recordings").go


async def test_all_well_with_transcripts(tmp_path):
    wanted = Wanted(sessions=1, minutes=1.3, data=tmp_path / "data", transcribe=True, seed=4)
    facts = await rehearse(wanted, print)
    assert len(facts.words) == 2
    assert verdict(facts, "Words wrong").go
    assert [one.what for one in judge(facts) if one.go is False and "bell" not in one.what] == []
    assert facts.usage.worker_cpu_s > 0 or is_go(judge(facts))
