"""Go or no-go: each verdict with what was found and its bound. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from teleosce.rehearsal.facts import Facts, Person, Session

JOIN_P95_S, BACK_S, LOST_S, KILL_LOST_S, IN_STEP_S, ALARM_S = 3.0, 10.0, 1.0, 0.7, 0.040, 10.0
FIRST_WORDS_S = 10.0
"""The dialogue begins with the consultation, and by then the one who answers has spoken: before it there is no echo."""
APART_MS = 250
"""How far pages may be apart at a phase's beginning."""
LATE_MS = 1000
"""How long after the server's clock has begun a phase the last page may hear of it."""
BEEPS = ((0.0, 1.0), (5.0, 0.99), (10.0, 0.95), (20.0, 0.85))
"""Up to so much loss in per cent, so large a share of the beeps must be in the recording."""
WORDS = 0.2
WAITING_S = 0.25
"""A machine that keeps everybody of the rehearsal waiting for longer is too busy for a verdict on times."""
HANDLES = 8
"""A server that has done its work may hold so many file handles more than before."""
INTERRUPTED = ("reload", "vanish", "drop", "move", "silent")
SEEN_AS = {
    "silent": (("silent",), ALARM_S),
    "black": (("dark", "covered", "frozen"), ALARM_S),
    "echo": (("echo",), ALARM_S + FIRST_WORDS_S),
}
"""As what a fault is seen, and within how many seconds of the bell."""


@dataclass(frozen=True)
class Verdict:
    """go: None where it is only told, not judged."""

    what: str
    found: str
    bound: str
    go: bool | None


def judge(facts: Facts) -> list[Verdict]:
    """In the order in which an organiser reads them."""
    parts = (_day, _joins, _recordings, _beeps, _step, _back, _kills, _alarms, _marks, _words, _house, _mishaps)
    return [verdict for part in parts for verdict in part(facts)]


def is_go(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing stands against it."""
    return all(one.go is not False for one in verdicts)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed (nearest rank); 0 of nothing."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)] if ranked else 0.0


def loss_of(person: Person) -> float:
    """The loss that this person was given, in per cent."""
    return max(
        (float(one.split("=")[1].split(":")[0]) for one in person.troubles if one.startswith("loss=")), default=0
    )


def missing_s(facts: Facts, seat: str, session: Session | None = None) -> float:
    """Seconds of the encounter in which nothing was recorded of this person's sound. session: which one of a day."""
    takes = [one for one in facts.takes if one.seat == seat and (session is None or one.session == session.number)]
    seconds = facts.seconds if session is None else session.seconds
    spans = sorted(one.sound for one in takes if one.sound is not None)
    covered = at = 0.0
    for span in spans:
        begins, ends = max(span[0], at, 0.0), min(span[1], seconds)
        if ends > begins:
            covered, at = covered + ends - begins, ends
    holes = sum(
        gap[3] - gap[2]
        for one in takes
        for gap in one.gaps
        if gap[1] in (None, "audio") and gap[0] in ("line", "disk", "damage")
    )
    return max(0.0, seconds - covered + holes)


def _interrupted(person: Person) -> bool:
    return any(one.startswith(INTERRUPTED) for one in person.troubles)


def _day(facts: Facts) -> Iterator[Verdict]:
    if facts.day is None:
        return
    day = facts.day
    found = f"{day.turned} of {day.planned}"
    yield Verdict("Rotations of all circuits completed", found, "all", day.turned == day.planned)
    excused = any(one.troubles for one in facts.people)
    held = len(day.sessions) - len(day.missed)
    found = f"{held} of {len(day.sessions)}" + _some(day.missed)
    yield Verdict("Consultations held", found, "" if excused else "all", None if excused else not day.missed)
    yield Verdict("Encounters that are stuck", f"{len(day.stuck)}{_some(day.stuck)}", "0", not day.stuck)
    found = f"{len(day.wrong)} in {day.checked} comparisons{_some(day.wrong)}"
    yield Verdict("People in the wrong place, room or company", found, "0", not day.wrong and day.checked > 0)
    found = f"{len(day.log)} of {day.transitions}{_some(day.log)}"
    yield Verdict("Transitions lost or doubled", found, "0", not day.log and day.transitions > 0)
    spreads = [one.spread_ms for one in day.boundaries]
    if spreads:
        found = f"half within {percentile(spreads, 0.5):.0f} ms, 95 % within {percentile(spreads, 0.95):.0f} ms, "
        found += f"all within {max(spreads):.0f} ms ({len(spreads)} boundaries)"
        most = max(spreads) <= APART_MS
        yield Verdict("Pages apart at the beginning of a phase", found, f"all within {APART_MS} ms", most)
        late = [one.late_ms for one in day.boundaries]
        found = f"half within {percentile(late, 0.5):.0f} ms, the worst {max(late):.0f} ms"
        bound = f"all within {LATE_MS} ms"
        yield Verdict("The last page after the server’s clock", found, bound, max(late) <= LATE_MS)
    found = f"{day.took_s:.0f} s; planned {day.planned_s:.0f} s"
    yield Verdict("From the first bell to the last", found, "", None)


def _some(found: Sequence[str]) -> str:
    return (": " + "; ".join(found[:4]) + (" …" if len(found) > 4 else "")) if found else ""


def _day_joins(facts: Facts) -> Iterator[Verdict]:
    joins = [seconds for one in facts.people for _, seconds in one.joins]
    if joins:
        p50, p95 = percentile(joins, 0.5), percentile(joins, 0.95)
        times = f"half within {p50:.2f} s, 95 % within {p95:.2f} s, the last after {max(joins):.2f} s ({len(joins)})"
        yield Verdict("From the bell to sound and picture", times, f"95 % within {JOIN_P95_S:g} s", p95 <= JOIN_P95_S)
    for rotation in sorted({rotation for one in facts.people for rotation, _ in one.joins})[:1]:
        first = [seconds for one in facts.people for number, seconds in one.joins if number == rotation]
        found = f"half within {percentile(first, 0.5):.2f} s, 95 % within {percentile(first, 0.95):.2f} s"
        yield Verdict("Of these in the first rotation", f"{found} ({len(first)} people)", "", None)


def _joins(facts: Facts) -> Iterator[Verdict]:
    if facts.day is not None:
        yield from _day_joins(facts)
        yield from _pages(facts)
        return
    joins = [one.join_s for one in facts.people if one.join_s is not None]
    found = f"{len(joins)} of {len(facts.people)}"
    yield Verdict("People in the call after the first bell", found, "all", len(joins) == len(facts.people))
    if joins:
        p50, p95 = percentile(joins, 0.5), percentile(joins, 0.95)
        times = f"half within {p50:.2f} s, 95 % within {p95:.2f} s, the last after {max(joins):.2f} s"
        yield Verdict("From the bell to sound and picture", times, f"95 % within {JOIN_P95_S:g} s", p95 <= JOIN_P95_S)
    yield from _pages(facts)


def _pages(facts: Facts) -> Iterator[Verdict]:
    pages = [one.page_s for one in facts.people if one.page_s is not None]
    if pages:
        found = f"half within {percentile(pages, 0.5):.2f} s, the last after {max(pages):.2f} s"
        yield Verdict("From the link to the place, all at once", found, "", None)


def _recordings(facts: Facts) -> Iterator[Verdict]:
    bad = [one for one in facts.takes if one.state != "sealed"]
    found = f"{len(facts.takes)} takes"
    found += f", {len(bad)} not sealed" if bad else ", all sealed"
    found += "".join(f"; {one}" for one in facts.unfinished)
    good = bool(facts.takes) and not bad and not facts.unfinished
    yield Verdict("Recordings sealed, encounters done", found, "all", good)
    whole = _missing(facts)
    if whole and not facts.kills:
        most = max(whole)
        yield Verdict(
            "Most of anybody's sound that is missing", f"{most:.2f} s", f"at most {LOST_S:g} s", most <= LOST_S
        )
    up, back = [one.packets for one in facts.people if one.packets], facts.takes
    if up:
        lost, again = sum(one.sent_lost for one in up), sum(one.resent for one in up)
        gone = sum(1 for one in back for gap in one.gaps if gap[0] == "loss")
        found = (
            f"{lost} of {sum(one.sent for one in up)} lost, {again} sent again; {gone} losses left in the recordings"
        )
        yield Verdict("Packets to the server", found, "", None)
        down = sum(one.received + one.received_missing for one in up)
        found = f"{sum(one.received_repaired for one in up)} of {down} repaired, "
        yield Verdict(
            "Packets from the server", found + f"{sum(one.received_missing for one in up)} never came", "", None
        )


def _missing(facts: Facts) -> list[float]:
    """Of everybody to whom nothing was done."""
    well = {one.seat for one in facts.people if not _interrupted(one)}
    if facts.day is None:
        return [missing_s(facts, seat) for seat in well]
    held = (one for one in facts.day.sessions if one.outcome == "completed")
    return [missing_s(facts, seat, one) for one in held for seat in one.people if seat in well]


def _beeps(facts: Facts) -> Iterator[Verdict]:
    people = {one.seat: one for one in facts.people}
    for least, (loss, bound) in zip((-1.0, *(one for one, _ in BEEPS)), BEEPS, strict=False):
        mine = [
            one
            for one in facts.takes
            if least < loss_of(people[one.seat]) <= loss and not _interrupted(people[one.seat]) and one.sound
        ]
        expected, found = (sum(getattr(one, name) for one in mine) for name in ("beeps_expected", "beeps_found"))
        if expected:
            what = f"Beeps in the recordings at up to {loss:g} % loss" if loss else "Beeps in the recordings"
            share = found / expected
            said = f"{found} of {expected} ({share:.2%})"
            yield Verdict(what, said, f"at least {bound:.0%}", share >= bound)


def _step(facts: Facts) -> Iterator[Verdict]:
    deaf = {one.seat for one in facts.people if any(each.startswith(("silent", "black")) for each in one.troubles)}
    watched = [one for one in facts.takes if one.offsets and one.seat not in deaf]
    offsets = [abs(one) for take in watched for one in take.offsets or []]
    if offsets:
        p80 = percentile(offsets, 0.8)
        found = f"half within {percentile(offsets, 0.5) * 1000:.0f} ms, 80 % within {p80 * 1000:.0f} ms"
        found += f" ({len(offsets)} flashes in {len(watched)} takes)"
        yield Verdict("Sound and picture apart", found, f"80 % within {IN_STEP_S * 1000:.0f} ms", p80 <= IN_STEP_S)


def _back(facts: Facts) -> Iterator[Verdict]:
    for why in dict.fromkeys(outage.why for one in facts.people for outage in one.outages):
        backs = [outage.back_s for one in facts.people for outage in one.outages if outage.why == why]
        yield _came_back(f"Back after “{why}”", backs)


def _came_back(what: str, backs: Sequence[float | None]) -> Verdict:
    came = [one for one in backs if one is not None]
    found = f"{len(came)} of {len(backs)}"
    if came:
        found += f", half within {percentile(came, 0.5):.1f} s, the last after {max(came):.1f} s"
    good = len(came) == len(backs) and max(came, default=0) <= BACK_S
    return Verdict(what, found, f"all within {BACK_S:g} s", good)


def _kills(facts: Facts) -> Iterator[Verdict]:
    if not facts.kills:
        return
    yield _came_back("Back after the server was killed", [one for kill in facts.kills for one in kill.back])
    ups = [one.up_s for one in facts.kills]
    yield Verdict("The server's own restart", f"at most {max(ups):.1f} s ({len(ups)} kills)", "", None)
    lost = [one for kill in facts.kills for one in kill.lost]
    if lost:
        found = f"half at most {percentile(lost, 0.5):.2f} s, the most {max(lost):.2f} s ({len(lost)} tracks)"
        yield Verdict("Lost of each track at a kill", found, f"at most {KILL_LOST_S:g} s", max(lost) <= KILL_LOST_S)


def _alarms(facts: Facts) -> Iterator[Verdict]:
    for trouble, (kinds, bound) in SEEN_AS.items():
        ill = [one for one in facts.people if any(each.startswith(trouble) for each in one.troubles)]
        if ill:
            told = [min((at for kind, at in one.alarms if kind in kinds), default=None) for one in ill]
            times = [one for one in told if one is not None]
            found = f"{len(times)} of {len(ill)}" + (f", the last after {max(times):.1f} s" if times else "")
            good = len(times) == len(ill) and max(times) <= bound
            yield Verdict(f"Alarm for “{trouble}”", found, f"each within {bound:g} s", good)
    false = [
        f"{kind} ({one.role} {one.session})"
        for one in facts.people
        if not one.troubles and not facts.kills
        for kind, _ in one.alarms
    ]
    others = ", ".join(false[:6]) + (" …" if len(false) > 6 else "")
    yield Verdict("Alarms for people with nothing wrong", others or "none", "", None)


def _marks(facts: Facts) -> Iterator[Verdict]:
    if not facts.writers:
        return
    found = f"{facts.marks_acknowledged - facts.marks_missing} of {facts.marks_acknowledged} acknowledged"
    good = facts.marks_missing == 0 and facts.marks_acknowledged > 0
    yield Verdict("Examiners' remarks that are there", found, "all", good)


def _words(facts: Facts) -> Iterator[Verdict]:
    if facts.words:
        said = sum(one.said for one in facts.words)
        rate = sum(one.error_rate * one.said for one in facts.words) / max(1, said)
        worst = max(one.error_rate for one in facts.words)
        found = f"{rate:.1%} of {said} words, the worst track {worst:.1%}"
        yield Verdict("Words wrong in the transcripts", found, f"at most {WORDS:.0%}", rate <= WORDS)


def _house(facts: Facts) -> Iterator[Verdict]:
    if facts.usage is not None:
        used = facts.usage
        per = used.cpu_s / max(used.seconds, 1) * 60 / facts.sessions
        found = f"{per:.2f} s for each session and minute ({used.cpu_s / max(used.seconds, 1):.0%} of a core)"
        yield Verdict("The server's CPU", found, "", None)
        found = f"{used.rss_before:.0f} MiB before, {used.rss_most:.0f} at most, {used.rss_after:.0f} after"
        yield Verdict("Its memory", found, "", None)
        more = used.handles_after - used.handles_before
        found = f"{used.handles_before} before, {used.handles_most} at most, {used.handles_after} after"
        yield Verdict("Its file handles", found, f"at most {HANDLES} more after", more <= HANDLES)
        yield Verdict("Its threads and disk", f"{used.threads_most} at most; {used.disk_mib:.0f} MiB on disk", "", None)
    if facts.kept_waiting_s:
        found = f"for at most {facts.kept_waiting_s:.2f} s"
        if facts.kept_waiting_s > WAITING_S:
            found += ": it was too busy, and what is late may be its fault. Rehearse while it does nothing else"
        yield Verdict("This machine kept all these people waiting", found, "", None)
    if facts.breaches is not None:
        found = "; ".join(facts.breaches[:4]) + (" …" if len(facts.breaches) > 4 else "")
        yield Verdict("Breaches found in the data folder", found or "none", "none", not facts.breaches)


def _mishaps(facts: Facts) -> Iterator[Verdict]:
    found = " ".join(facts.mishaps[:6]) + (" …" if len(facts.mishaps) > 6 else "")
    yield Verdict("What else went wrong", found or "nothing", "nothing", not facts.mishaps)
