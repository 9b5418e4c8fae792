"""An exam made of labelled consultations is as if people had held it: sealed, transcribed, without a breach."""

from pathlib import Path

import pytest

from teleosce.app import at_rest
from teleosce.cohort import SCRIPTED, Cohort, make_cohort
from teleosce.core.settings import Settings, load
from teleosce.exams import Outcome, Phase
from teleosce.invariants import check
from teleosce.recording import lost_spans
from teleosce.rehearsal.consultations import LEVELS, read_consultations

CONSULTATIONS = read_consultations(Path(__file__).parents[1] / "bench" / "consultations")


async def test_one_consultation_is_there_to_be_marked(tmp_path: Path):
    settings = load(data=tmp_path / "data")
    whole = CONSULTATIONS["low-mood", "weak"]
    # The first minutes show it as well as all ten.
    short = {("low-mood", "weak"): whole.model_copy(update={"lines": whole.lines[:20]})}
    cohort = await make_cohort(settings, short, ["low-mood"], levels=["weak"])
    held = cohort.of("low-mood", "weak")
    assert [one.encounter for one in cohort.held] == [held.encounter]
    await is_as_if_held(settings, cohort)


async def is_as_if_held(settings: Settings, cohort: Cohort) -> None:
    async with at_rest(settings) as rooms:
        for held in cohort.held:
            encounter = await rooms.exams.encounter(held.encounter)
            assert (encounter.phase, encounter.outcome) == (Phase.done, Outcome.completed)
            manifest = await rooms.recordings.manifest(held.encounter)
            assert manifest is not None
            assert len(manifest.takes) == 2
            ends_ms = manifest.starts_ms + manifest.duration_ms
            for take in manifest.takes:
                assert lost_spans(manifest, take.participant_id, (manifest.starts_ms, ends_ms)) == ([], [])
            transcript = await rooms.transcripts.get(held.encounter)
            assert transcript is not None
            for take in manifest.takes:
                turns = [turn for turn in transcript.turns if turn.participant_id == take.participant_id]
                assert take.audio is not None
                # A voice begins where the words do.
                assert abs(take.audio.speech[0][0] - turns[0].starts_ms) < 500
            heard = " ".join(word.text for turn in transcript.turns for word in turn.words)
            assert sorted(heard.split()) == sorted(" ".join(line.text for line in held.consultation.lines).split())
            assert transcript.turns[-1].ends_ms <= manifest.duration_ms
            assert (await rooms.transcripts.status(held.encounter)).message == SCRIPTED
    assert await check(settings, over=True) == []


@pytest.mark.faults  # the recordings of an hour and a half are sealed
async def test_three_stations_at_three_levels(tmp_path: Path):
    settings = load(data=tmp_path / "data")
    ring = ["chest-pain-video", "low-mood", "inhaler-technique"]
    cohort = await make_cohort(settings, CONSULTATIONS, ring)
    assert {(one.consultation.station, one.consultation.level) for one in cohort.held} == {
        (station, level) for station in ring for level in LEVELS
    }
    await is_as_if_held(settings, cohort)
