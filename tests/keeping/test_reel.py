"""A reel is judged by playing it: flashes and beeps of the footage tell whether sound and picture are in step."""

import shutil
from pathlib import Path

import av
import pytest

from teleosce.core.errors import Invalid, Unavailable
from teleosce.keeping.reel import CARD_MS, Clip, Made, ReelPlan, make_reel
from tests.keeping.reel_takes import FORM, KEY_S, film, watch

CARD = CARD_MS / 1000
LINES = ("Station 2: Chest pain by video", "1 of 2 · 0:07 to 0:10")


def quiet(_done: int, _total: int) -> None:
    pass


def clips(folder: Path) -> tuple[Clip, ...]:
    """Two moments of one encounter: the candidate's picture from 7.3 s on, the patient's from 12 s on."""
    whole = film(folder)
    return (Clip(LINES, whole, 7300, 10_300), Clip(LINES, whole, 12_000, 14_500, "right"))


def spans(made: Made) -> list[tuple[float, float, float]]:
    """Of each clip: from when to when it lasts in the reel, and how much earlier it is in its encounter."""
    return [
        (clip.at_ms / 1000, (clip.at_ms + clip.to_ms - clip.from_ms) / 1000, (clip.at_ms - clip.from_ms) / 1000)
        for clip in made.clips
    ]


def expected(made: Made, offset: float) -> list[float]:
    """When, in the reel, something happens that is `offset` after each whole second of the encounter."""
    return sorted(
        second + offset + shift
        for begin, end, shift in spans(made)
        for second in range(20)
        if begin + 0.1 < second + offset + shift < end - 0.1
    )


def test_pictures_are_copied_from_the_key_frame_before(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    made = make_reel(
        ReelPlan("Allergies", clips(tmp_path), exact=False), tmp_path / "reel.webm", told=lambda *a: told.append(a)
    )
    # Key frames are at 5 s of the candidate's take, and at 10 s of the patient's, which begins 0.4 s later.
    assert [(clip.from_ms, clip.to_ms, clip.copied) for clip in made.clips] == [
        (KEY_S * 1000, 10_300, True), (10_400, 14_500, True),
    ]  # fmt: skip
    seen = watch(tmp_path / "reel.webm")
    assert abs(seen.duration_s - (2 * CARD + 5.3 + 4.1)) < 0.08
    assert abs(seen.sound_s - seen.duration_s) < 0.08
    assert seen.sound_gaps == 0
    assert made.frames == len(seen.frames)
    # What was recorded is there bit for bit.
    assert recorded(tmp_path / "candidate-0.webm") >= copied(tmp_path / "reel.webm", *spans(made)[0][:2])
    assert len(copied(tmp_path / "reel.webm", *spans(made)[0][:2])) >= 5 * FORM.fps
    # The candidate's flashes stand in the first clip, the patient's in the second; both voices beep in both.
    (first, second), beeps = spans(made), expected(made, 0) + expected(made, 0.4)
    wanted = [at for at in expected(made, 0) if at < first[1]] + [at for at in expected(made, 0.4) if at > second[0]]
    within(seen.left, wanted, 1 / FORM.fps)
    within(seen.beeps, sorted(beeps), 0.02)
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert not (tmp_path / "reel.webm.parts").exists()


def test_a_rendered_reel_is_exact_and_shows_both(tmp_path: Path) -> None:
    made = make_reel(ReelPlan("", clips(tmp_path), exact=True), tmp_path / "reel.webm", told=quiet)
    assert [(clip.from_ms, clip.to_ms, clip.copied) for clip in made.clips] == [
        (7300, 10_300, False), (12_000, 14_500, False),
    ]  # fmt: skip
    seen = watch(tmp_path / "reel.webm")
    assert abs(seen.duration_s - (2 * CARD + 5.5)) < 0.08
    assert seen.sound_gaps == 0
    within(seen.left, expected(made, 0), 1 / FORM.fps + 0.05)
    within(seen.right, expected(made, 0.4), 1 / FORM.fps + 0.05)
    within(seen.beeps, sorted(expected(made, 0) + expected(made, 0.4)), 0.02)


def test_what_cannot_be_copied_is_rendered(tmp_path: Path) -> None:
    whole = film(tmp_path, dark=range(8, 10))
    failing, before = Clip(LINES, whole, 7300, 10_500), Clip(LINES, whole, 200, 1500, "right")
    made = make_reel(ReelPlan("", (failing, before), exact=False), tmp_path / "reel.webm", told=quiet)
    # The first one's picture fails on the way; the patient of the second was not yet there.
    assert [(clip.from_ms, clip.copied) for clip in made.clips] == [(7300, False), (200, False)]


def test_an_interrupted_reel_goes_on_and_leaves_nothing_behind(tmp_path: Path) -> None:
    plan, target = ReelPlan("", clips(tmp_path), exact=True), tmp_path / "reel.webm"

    class Killed(BaseException):
        pass

    def interrupt(done: int, _total: int) -> None:
        if (tmp_path / "reel.webm.parts" / "00000.webm").exists() and done:
            raise Killed

    with pytest.raises(Killed):
        make_reel(plan, target, told=interrupt)
    assert not target.exists()
    first = tmp_path / "reel.webm.parts" / "00000.webm"
    written = first.stat().st_mtime_ns
    kept: list[int] = []
    make_reel(plan, target, told=lambda *_: kept.append(first.stat().st_mtime_ns) if first.exists() else None)
    assert set(kept) == {written}
    assert [path.name for path in tmp_path.iterdir() if "reel" in path.name] == ["reel.webm"]


def test_nothing_to_show_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no moment"):
        make_reel(ReelPlan("", (), exact=False), tmp_path / "reel.webm", told=quiet)


def test_a_reel_that_does_not_read_as_it_should_is_none(tmp_path: Path) -> None:
    plan, target = ReelPlan("", clips(tmp_path), exact=False), tmp_path / "reel.webm"
    part = tmp_path / "reel.webm.parts" / "00001.webm"

    def damage(_done: int, _total: int) -> None:
        if part.exists():
            shutil.copyfile(part.with_name("00000.webm"), part)

    with pytest.raises(Unavailable, match="does not read"):
        make_reel(plan, target, told=damage)
    assert not target.exists()


def within(found: list[float], wanted: list[float], apart: float) -> None:
    """Each that is wanted was found, at its time."""
    assert wanted
    for at in wanted:
        nearest = min(found, key=lambda one: abs(one - at))
        assert abs(nearest - at) <= apart, (at, nearest, found)


def recorded(path: Path) -> set[bytes]:
    with av.open(str(path)) as container:
        return {bytes(packet) for packet in container.demux(video=0) if packet.size}


def copied(path: Path, begin: float, end: float) -> set[bytes]:
    with av.open(str(path)) as container:
        return {
            bytes(packet)
            for packet in container.demux(video=0)
            if packet.size and begin <= float(packet.pts * packet.time_base) < end
        }
