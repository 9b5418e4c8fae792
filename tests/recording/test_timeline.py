"""Placing raw times on the server's clock: drift, steps, and senders whose clocks are set while they send."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teleosce.recording.journal import Header, Journal, Report, TrackJournal
from teleosce.recording.timeline import DELAY_MS, MOST_DRIFT, RAW_OFF_MS, timeline

ORIGIN_MS = 1_800_000_000_000
NTP_MS = 3_900_000_000_000.0


def journal(**tracks: TrackJournal) -> Journal:
    header = Header(id="a", encounter_id="b", participant_id="c", name="d", origin_ms=ORIGIN_MS, tracks=list(tracks))
    return Journal(header, dict(tracks))


def reports(
    seconds: range, *, raw: float = 0.0, ppm: float = 0.0, ntp_ppm: float = 0.0, jitter: float = 0.0
) -> list[Report]:
    """What a sender says whose track's raw time is `raw` ms late on the true one and `ppm` fast."""
    dice = random.Random(3)
    return [
        Report(
            at=second * 1000 * (1 + ppm / 1e6) + raw,
            ntp_ms=NTP_MS + second * 1000 * (1 + ntp_ppm / 1e6),
            arrived=second * 1000 + 20 + dice.random() * jitter,
        )
        for second in seconds
    ]


@settings(deadline=None, max_examples=40)
@given(
    st.floats(-300, 300), st.floats(-300, 300), st.floats(-100, 100), st.floats(0, 800), st.sampled_from([10, 120, 900])
)
def test_tracks_meet_on_the_senders_clock(
    audio_ppm: float, video_ppm: float, ntp_ppm: float, video_late: float, length: int
) -> None:
    audio = TrackJournal(reports=reports(range(0, length, 3), ppm=audio_ppm, ntp_ppm=ntp_ppm, jitter=40))
    video = TrackJournal(
        reports=reports(range(1, length, 3), raw=video_late, ppm=video_ppm, ntp_ppm=ntp_ppm, jitter=40)
    )
    placed = timeline(journal(audio=audio, video=video))
    assert placed.placed_by == "sender-reports"
    for second in (0, length // 2, length):
        heard = placed.tracks["audio"](second * 1000 * (1 + audio_ppm / 1e6))
        seen = placed.tracks["video"](second * 1000 * (1 + video_ppm / 1e6) + video_late)
        assert heard == pytest.approx(seen, abs=8)
        # Within the network's least delay, and the jitter where there is little to choose from.
        assert -30 < heard - ORIGIN_MS - second * 1000 < 90


def test_a_microphone_that_stood_still_is_right_before_and_after() -> None:
    """The sound card gave nothing for 700 ms at second 31.5, and its timestamps did not count them."""
    track = TrackJournal(
        reports=reports(range(0, 31, 3)) + reports(range(33, 90, 3), raw=-700), stalls=[(31_500.0, 690.0)]
    )
    place = timeline(journal(audio=track)).tracks["audio"]
    assert place(31_400) - ORIGIN_MS == pytest.approx(31_420, abs=5)
    assert place(31_600) - ORIGIN_MS == pytest.approx(32_320, abs=5)


def test_one_wrong_report_bends_nothing() -> None:
    told = reports(range(0, 60, 3))
    told[7] = Report(told[7].at + 900, told[7].ntp_ms, told[7].arrived)
    place = timeline(journal(audio=TrackJournal(reports=told))).tracks["audio"]
    assert place(50_000) - ORIGIN_MS == pytest.approx(50_020, abs=5)


def test_a_sender_that_sets_its_clock_stays_on_ours() -> None:
    before, after = reports(range(0, 30, 3)), reports(range(30, 60, 3))
    moved = [Report(report.at, report.ntp_ms + 3_600_000, report.arrived) for report in after]
    place = timeline(journal(audio=TrackJournal(reports=before + moved))).tracks["audio"]
    assert place(10_000) - ORIGIN_MS == pytest.approx(10_020, abs=5)
    assert place(50_000) - ORIGIN_MS == pytest.approx(50_020, abs=5)


def test_a_busy_server_moves_nothing() -> None:
    """Reports that come late for a while, and then on time, tell of a stalled machine and not of the sender's clock."""
    told = [
        Report(report.at, report.ntp_ms, report.arrived + late)
        for report, late in zip(
            reports(range(16)), [700, 900, 800, 0, 0, 1300, 0, 0, 600, 620, 0, 0, 900, 40, 0, 0], strict=True
        )
    ]
    later = [Report(report.at + 40, report.ntp_ms + 40, report.arrived + 40) for report in told]
    placed = timeline(journal(audio=TrackJournal(reports=told), video=TrackJournal(reports=later)))
    for track in placed.tracks.values():
        assert len(track.lines) == 1
        for at in (500, 5500, 15_000):
            assert track(at) - ORIGIN_MS == pytest.approx(at + 20, abs=5)


def test_without_reports_the_least_delayed_packets_count() -> None:
    dice = random.Random(5)
    seen = [(second * 1000.0, second * 1000 * 1.0001 + 15 + dice.random() * 60) for second in range(2, 600, 2)]
    place = timeline(journal(video=TrackJournal(seen=seen))).tracks["video"]
    for second in (10, 300, 590):
        assert place(second * 1000) - ORIGIN_MS == pytest.approx(second * 1000 * 1.0001 + 15, abs=10)


def test_with_nothing_known_the_raw_time_stands() -> None:
    placed = timeline(journal(audio=TrackJournal()))
    assert placed.tracks["audio"](1234) == ORIGIN_MS + 1234
    assert placed.placed_by == "arrival"


def test_reports_that_no_clock_can_have_made_move_nothing() -> None:
    """Digits of the ntp of all reports damaged, each otherwise: sound was once placed 27 days before the picture."""
    days = 86_400_000.0
    audio = TrackJournal(reports=[Report(1020, NTP_MS, 980), Report(3520, NTP_MS + 53.9 * days, 3480)])
    video = TrackJournal(reports=[Report(3500, NTP_MS + 5.4 * days, 3480)])
    for track in timeline(journal(audio=audio, video=video)).tracks.values():
        for at in (0, 2000, 4000):
            assert track(at) - ORIGIN_MS == pytest.approx(at, abs=50)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(*[st.floats(-86_400_000, 86_400_000)] * 2, st.floats(0, 2**32 * 1000)), max_size=12),
    st.lists(st.tuples(*[st.floats(-86_400_000, 86_400_000)] * 2), max_size=6),
    st.sampled_from([0, 1, 2, 3, 12]),
)
def test_whatever_a_journal_says_no_track_leaves_its_raw_time(
    wrong: list[tuple[float, float, float]], seen: list[tuple[float, float]], right: int
) -> None:
    told = reports(range(1, 1 + 3 * right, 3))
    for place, (at, arrived, ntp_ms) in enumerate(wrong):
        told.insert(2 * place, Report(at, ntp_ms, arrived))
    placed = timeline(journal(audio=TrackJournal(reports=told), video=TrackJournal(seen=seen)))
    for track in placed.tracks.values():
        for at in (0, 1000, 30_000):
            assert abs(track(at) - ORIGIN_MS - at) <= DELAY_MS + RAW_OFF_MS + MOST_DRIFT * 86_400_000 * 2


@pytest.mark.parametrize("digit_ms", [2300.0, 23_000.0, 4.6e9, -4.6e9])
@pytest.mark.parametrize("place", [0, 1, 7, 18, 19])
def test_one_damaged_report_moves_no_other(digit_ms: float, place: int) -> None:
    told = reports(range(0, 60, 3))
    told[place] = Report(told[place].at, told[place].ntp_ms + digit_ms, told[place].arrived)
    placed = timeline(journal(audio=TrackJournal(reports=told), video=TrackJournal(reports=reports(range(0, 60, 3)))))
    for track in placed.tracks.values():
        for at in (10_000, 30_000, 50_000):
            assert track(at) - ORIGIN_MS == pytest.approx(at + 20, abs=5)
