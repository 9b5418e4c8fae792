from teleosce.rtc.bandwidth import Line, Rate
from teleosce.rtc.timings import CEILING_BPS, FLOOR_BPS, RESUME_AFTER_S


def run(line: Line, seconds: int, *, start: int, loss: float = 0.0, estimate: int | None = None) -> int:
    for now in range(start, start + seconds):
        line.update(loss, 0.0, min(700_000, line.bps), estimate)
        line.look(float(now))
    return start + seconds


def test_a_good_line_keeps_the_ceiling_whatever_the_receiver_estimates() -> None:
    line = Line()
    run(line, 30, start=0, estimate=200_000)
    assert line.bps == CEILING_BPS
    assert not line.paused


def test_an_estimate_counts_with_loss() -> None:
    rate = Rate()
    rate.update(0.05, 0.0, 700_000, 400_000)
    assert rate.bps == 400_000


def test_an_estimate_counts_with_a_standing_queue() -> None:
    rate = Rate()
    rate.update(0.0, 0.8, 700_000, 400_000)
    assert rate.bps == 400_000


def test_a_little_loss_alone_changes_nothing() -> None:
    line = Line()
    run(line, 60, start=0, loss=0.05)
    assert line.bps == CEILING_BPS


def test_heavy_loss_steps_down_then_pauses_then_resumes() -> None:
    line = Line()
    run(line, 1, start=0, loss=0.3)
    assert FLOOR_BPS < line.bps <= 490_000
    now = run(line, 8, start=1, loss=0.3)
    assert line.paused
    now = run(line, int(RESUME_AFTER_S) - 1, start=now)
    assert line.paused
    now = run(line, 3, start=now)
    assert not line.paused
    assert line.bps < 2 * FLOOR_BPS
    run(line, 60, start=now)
    assert line.bps == CEILING_BPS


def test_a_line_that_fails_again_must_stay_well_for_longer() -> None:
    line = Line()
    now = run(line, 9, start=0, loss=0.3)
    now = run(line, int(RESUME_AFTER_S) + 1, start=now)
    assert not line.paused
    now = run(line, 9, start=now, loss=0.3)
    assert line.paused
    now = run(line, int(RESUME_AFTER_S) + 3, start=now)
    assert line.paused
    run(line, int(RESUME_AFTER_S), start=now)
    assert not line.paused


def test_a_queue_alone_never_pauses() -> None:
    line = Line()
    for now in range(60):
        line.update(0.0, 2.0, 700_000, 100_000)
        line.look(float(now))
    assert line.bps == FLOOR_BPS
    assert not line.paused


def test_a_publishers_queue_makes_it_yield() -> None:
    rate = Rate()
    for _ in range(20):
        rate.yield_to_queue(0.6, min(rate.bps, 700_000))
    assert rate.bps == FLOOR_BPS
    for _ in range(60):
        rate.yield_to_queue(0.0, 700_000)
    assert rate.bps == CEILING_BPS
