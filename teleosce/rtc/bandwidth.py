"""How much a line is asked to carry. Audio comes first: video steps down, then stops. Pure: time is given."""

from teleosce.rtc.timings import (
    CEILING_BPS,
    FLOOR_BPS,
    LOSS_BAD,
    LOSS_GOOD,
    PAUSE_AFTER_S,
    QUEUE_BAD_S,
    RESUME_AFTER_S,
    RESUME_AT_MOST_S,
    RESUME_LASTS_S,
)


class Rate:
    """A bit rate that falls with loss and otherwise creeps up (draft-ietf-rmcat-gcc-02, section 6).

    A receiver's own estimate (REMB) counts only together with loss or a standing queue: alone it also falls on lines
    that have nothing wrong.
    """

    def __init__(self) -> None:
        self.bps = float(CEILING_BPS)
        self.bad = False
        self.good = True

    def update(self, loss: float, queue_s: float, carried_bps: float, estimate_bps: int | None = None) -> None:
        """Call once a second. loss: fraction in the worst report; carried_bps: what went over the line."""
        self.bad = loss >= LOSS_BAD
        self.good = loss < LOSS_GOOD and queue_s < QUEUE_BAD_S
        if self.bad:
            self._fall_to(max(carried_bps, FLOOR_BPS) * (1 - min(0.5, loss)))
        elif self.good:
            self.bps = min(CEILING_BPS, self.bps * 1.08)
        if not self.good and estimate_bps is not None and estimate_bps < carried_bps:
            self._fall_to(estimate_bps)

    def yield_to_queue(self, queue_s: float, carried_bps: float) -> None:
        """The same for a way on which the queue itself is measured, and its sender sees to the loss."""
        self.good = queue_s < QUEUE_BAD_S
        if self.good:
            self.bps = min(CEILING_BPS, self.bps * 1.08)
        else:
            self._fall_to(max(carried_bps, FLOOR_BPS) * 0.85)

    def _fall_to(self, bps: float) -> None:
        self.bps = max(FLOOR_BPS, min(self.bps, bps))


class Line(Rate):
    """The way to one participant, and whether pictures go over it at all."""

    def __init__(self) -> None:
        super().__init__()
        self.paused = False
        self._bad_since: float | None = None
        self._good_since: float | None = None
        self._resumed_at = float("-inf")
        self._patience = RESUME_AFTER_S

    def look(self, now: float) -> None:
        """Pauses or resumes after `update`. A line that fails soon after it resumed must stay well for longer."""
        if self.paused:
            self._good_since = _since(self._good_since, self.good, now)
            if self._good_since is not None and now - self._good_since >= self._patience:
                self.paused, self._bad_since, self._resumed_at = False, None, now
                self.bps = FLOOR_BPS
            return
        self._bad_since = _since(self._bad_since, self.bad and self.bps <= FLOOR_BPS, now)
        if self._bad_since is not None and now - self._bad_since >= PAUSE_AFTER_S:
            again = now - self._resumed_at < RESUME_LASTS_S
            self._patience = min(RESUME_AT_MOST_S, self._patience * 2) if again else RESUME_AFTER_S
            self.paused, self._good_since = True, None


def _since(since: float | None, holds: bool, now: float) -> float | None:
    if not holds:
        return None
    return now if since is None else since
