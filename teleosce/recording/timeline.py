"""Where the packets of a take belong on the server's clock: pure functions on the figures of a journal.

A sender report (RFC 3550, 6.4.1) says at what time of the sender's one clock a timestamp was captured. So sound and
picture of a take are placed by that clock, each by straight lines through its reports, and the sender's clock is placed
on ours by the reports that came with the least delay. Lines follow drift; a new line begins where a track's clock was
set anew or stood still. Without reports, the packets that came with the least delay stand in for them.

A report is what a sender claims, read from a disk that may have been damaged: one figure of it, believed, could move a
track by years. So no point counts that lies farther from its own arrival than a line can hold it back, and no
placement is ever farther from the raw time than RAW_OFF_MS and DELAY_MS together, drift aside.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from teleosce.recording.journal import Journal, Report, TrackJournal

STEP_MS = 60.0
"""Reports off the line by more are a step of the track's clock; less is how precisely senders write them."""

NETWORK_STEP_MS = 500.0
"""Arrivals off the line by more may be a step of the sender's clock; less is the network."""

DRIFT_FROM_MS = 20_000.0
"""A line's slope is measured over at least so long, else taken as 1."""

MOST_DRIFT = 0.005
"""A slope farther from 1 is a measuring error: sound cards are off by 0.0002 at most."""

DELAY_MS = 30_000.0
"""A report that came later, or earlier, than its clock says by more is wrong: after 30 s of silence there is no line
any more (consent to send expires, RFC 7675, 5.1), so nothing was ever under way for longer."""

RAW_OFF_MS = 60_000.0
"""Raw time is arrival time but for delay and for what a track's clock stood still; steps of 5 s and more are set right
while it is recorded. A point off by more tells of a time that was never in the take."""

_RECENT = 5

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """y = y0 + slope · (x − x0), in ms."""

    x0: float
    y0: float
    slope: float

    def __call__(self, x: float) -> float:
        """The line at x."""
        return self.y0 + self.slope * (x - self.x0)


@dataclass(frozen=True)
class Placement:
    """From raw time to ms on the server's clock: lines, each from its raw time on."""

    starts: list[float]
    lines: list[Line]

    def __call__(self, at_ms: float) -> float:
        """The server's time of a raw time."""
        return self.lines[max(0, bisect_right(self.starts, at_ms) - 1)](at_ms)

    def of_all(self, at_ms: Sequence[float]) -> NDArray[np.float64]:
        """The server's times of many raw times."""
        x = np.asarray(at_ms, np.float64)
        which = np.maximum(np.searchsorted(self.starts, x, side="right") - 1, 0)
        x0, y0, slope = np.array([(line.x0, line.y0, line.slope) for line in self.lines]).T[:, which]
        return np.asarray(y0 + slope * (x - x0))


@dataclass(frozen=True)
class Timeline:
    """The placement of each track, and by what it was found: `sender-reports` or `arrival`."""

    tracks: dict[str, Placement]
    placed_by: str


def timeline(journal: Journal) -> Timeline:
    """Places all tracks of a take."""
    placed = _reports_on_our_clock(journal)
    tracks, by_reports = {}, []
    for kind in ("audio", "video"):
        track = journal.tracks.get(kind, TrackJournal())
        by_reports.append(bool(placed.get(kind)))
        tracks[kind] = _place(track, placed.get(kind, []), journal.header.origin_ms)
    return Timeline(tracks, "sender-reports" if any(by_reports) else "arrival")


def _reports_on_our_clock(journal: Journal) -> dict[str, list[tuple[float, float]]]:
    """Per track: raw time and server time of each sender report that can be believed, in order of arrival."""
    origin = journal.header.origin_ms
    reports = sorted(
        ((report, kind) for kind, track in journal.tracks.items() for report in _in_step(track.reports)),
        key=lambda pair: pair[0].arrived,
    )
    # From here on the sender's clock counts from its first report: small numbers keep their precision.
    zero = reports[0][0].ntp_ms if reports else 0.0
    points = [(report.ntp_ms - zero, origin + report.arrived) for report, _ in reports]
    placed: dict[str, list[tuple[float, float]]] = {}
    for span in _joined(_steady(points, NETWORK_STEP_MS), reports):
        line = least_delay(points[span])
        for (report, kind), (ntp, arrived) in zip(reports[span], points[span], strict=True):
            if abs(arrived - line(ntp)) <= DELAY_MS:
                placed.setdefault(kind, []).append((report.at, line(ntp)))
    return placed


def _in_step(reports: Sequence[Report]) -> list[Report]:
    """A track's reports without those whose ntp and timestamp disagree with what all others around say of them.

    The first one stays: a microphone may have stood still right after it.
    """
    near = [report for report in reports if abs(report.arrived - report.at) <= RAW_OFF_MS]
    offsets = [report.ntp_ms - report.at for report in near]
    kept: list[Report] = []
    for index, report in enumerate(near):
        around = offsets[max(0, index - _RECENT) : index] + offsets[index + 1 : index + 1 + _RECENT]
        if index == 0 or any(abs(offset - offsets[index]) <= STEP_MS for offset in around):
            kept.append(report)
    return kept


def _joined(spans: Sequence[slice], reports: Sequence[tuple[Report, str]]) -> list[slice]:
    """Joins spans between which the sender's clock was not set: had it been, it would have left the tracks' clocks too.

    Then the arrivals alone moved: the network, or this server, was busy for longer than ever before.
    """
    joined: list[slice] = []
    for span in spans:
        if joined and not _was_set(reports[: span.start], reports[span.start :]):
            joined.append(slice(joined.pop().start, span.stop))
        else:
            joined.append(span)
    return joined


def _was_set(before: Sequence[tuple[Report, str]], after: Sequence[tuple[Report, str]]) -> bool:
    last = {kind: report.ntp_ms - report.at for report, kind in before}
    first = {kind: report.ntp_ms - report.at for report, kind in reversed(after)}
    return any(abs(first[kind] - last[kind]) > STEP_MS for kind in last.keys() & first.keys())


def _place(track: TrackJournal, reports: Points, origin_ms: int) -> Placement:
    """Between two jumps of the track's clock: by reports, else by arrivals, else as the raw file has it."""
    starts: list[float] = []
    lines: list[Line] = []
    edges = [0.0, *sorted(track.jumps), float("inf")]
    for begin, end in pairwise(edges):
        inside = [point for point in reports if begin <= point[0] < end]
        seen = [
            (at, origin_ms + arrived)
            for at, arrived in track.seen
            if begin <= at < end and abs(arrived - at) <= RAW_OFF_MS
        ]
        if inside:
            spans = [(inside[span], through(inside[span])) for span in _steady(inside, STEP_MS)]
        elif seen:
            spans = [(seen[span], least_delay(seen[span])) for span in _steady(seen, NETWORK_STEP_MS)]
        else:
            spans = [([(begin, 0.0)], Line(0.0, float(origin_ms), 1.0))]
        for number, (points, line) in enumerate(spans):
            starts.append(begin if number == 0 else _turn(track, spans[number - 1][0][-1][0], points[0][0]))
            lines.append(line)
    return Placement(starts, lines)


def _turn(track: TrackJournal, before: float, after: float) -> float:
    """Where, between two reports, the clock stood still: after the longest wait, else in the middle."""
    waits = [(length, at) for at, length in track.stalls if before < at <= after]
    return max(waits)[1] if waits else (before + after) / 2


def _steady(points: Points, step_ms: float) -> list[slice]:
    """Cuts points into runs that one line can follow. One point alone off the line is only an error of its own."""
    runs: list[slice] = []
    begin = 0
    for index in range(1, len(points)):
        recent = points[max(begin, index - _RECENT) : index]
        stays = index + 1 < len(points) and not _strays(points[index + 1], [points[index]], step_ms)
        if stays and _strays(points[index], recent, step_ms):
            runs.append(slice(begin, index))
            begin = index
    if points:
        runs.append(slice(begin, len(points)))
    return runs


def _strays(point: tuple[float, float], recent: Points, step_ms: float) -> bool:
    """Whether a point is off the line of slope 1 through the middle of the recent ones."""
    offset = median(y - x for x, y in recent)
    return abs(point[1] - point[0] - offset) > step_ms


def through(points: Points) -> Line:
    """The line with the least squares; a far stray point is left out."""
    x, y = _columns(points)
    line = _least_squares(x, y)
    off = np.abs(y - (line.y0 + line.slope * (x - line.x0)))
    near = off <= max(STEP_MS, 3 * float(np.median(off)))
    return line if near.all() or near.sum() < 2 else _least_squares(x[near], y[near])


def least_delay(points: Points) -> Line:
    """The line under the arrivals, touching those that came fastest: delay only ever adds."""
    x, y = _columns(points)
    slope = 1.0
    if np.ptp(x) >= 3 * DRIFT_FROM_MS and len(x) >= 10:
        fast_x, fast_y = x, y
        for _ in range(3):
            line = _least_squares(fast_x, fast_y)
            under = fast_y <= line.y0 + line.slope * (fast_x - line.x0) + 0.001
            if under.sum() < 5 or np.ptp(fast_x[under]) < DRIFT_FROM_MS:
                break
            fast_x, fast_y = fast_x[under], fast_y[under]
        slope = _least_squares(fast_x, fast_y).slope
    lowest = int(np.argmin(y - slope * (x - x[0])))
    return Line(float(x[lowest]), float(y[lowest]), slope)


def _columns(points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = np.asarray(points, dtype=np.float64)
    return table[:, 0], table[:, 1]


def _least_squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> Line:
    x0, y0 = float(x.mean()), float(y.mean())
    if np.ptp(x) < DRIFT_FROM_MS or len(x) < 3:
        return Line(x0, y0, 1.0)
    slope = float(((x - x0) * (y - y0)).sum() / ((x - x0) ** 2).sum())
    return Line(x0, y0, slope if abs(slope - 1) <= MOST_DRIFT else 1.0)
