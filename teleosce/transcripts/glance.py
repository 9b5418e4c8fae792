"""A consultation at a glance: who spoke when, from voice activity alone. Pure.

Nothing here depends on words, so errors of a transcript do not touch it. It describes, and is never part of a mark.

What is what, in the order in which it is worked out:

- *Voice*: a stretch in which one person is heard to speak; pauses under half a second belong to it (`Sound.voices`).
- *Aside*: a stretch of voice that lies wholly within one of the other person's ("overlap within-speaker", Heldner and
  Edlund 2010). It never takes the floor. Up to a second long it is a *backchannel*, as "mm-hm" (the length by which
  Ekstedt and Skantze 2022 tell one in voice activity).
- *Turn*: all that one person says, with its pauses, until the other takes the floor. A change of turn is a gap or an
  overlap, as in Heldner and Edlund (2010), and measured by one signed number, the floor transfer offset.
- *Overlap*: both voices at once, backchannels included.
- *Interruption*: a turn that begins half a second or more before the other's turn is over, comes a second or more into
  it, lasts more than a second, and after which the other has fallen silent. Of overlaps at changes of turn in telephone
  conversations three in four are shorter than 378 ms (Levinson and Torreira 2015): those are people who
  foresee the end. Whether somebody minded, and whether the patient had said what they came to say, no voice
  activity can tell: studies that judged this from words found a median of 11 s (Singh Ospina and others 2019).
- *Silence*: nobody's voice for two seconds or more (a conversational pause as Manukyan and others 2018 look for it),
  between the first voice and the last.

Over a line everybody hears the other some tenths of a second late, so that the response times of both are longer than
they would be in one room by what a sound takes there and back.

Ekstedt, E., and Skantze, G. (2022). Voice activity projection: self-supervised learning of turn-taking events.
Interspeech 2022.
Heldner, M., and Edlund, J. (2010). Pauses, gaps and overlaps in conversations. Journal of Phonetics 38(4).
Levinson, S. C., and Torreira, F. (2015). Timing in turn-taking and its implications for processing models of
language. Frontiers in Psychology 6:731.
Manukyan, V., and others (2018). Automated detection of conversational pauses from audio recordings of serious illness
conversations. Journal of Palliative Medicine 21(12).
Singh Ospina, N., and others (2019). Eliciting the patient's agenda. Journal of General Internal Medicine 34(1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from teleosce.transcripts.models import Stretch

Who = Literal["candidate", "sp"]

BACKCHANNEL_MS = 1000
INTERRUPTION_MS = 500
INTO_MS = 1000
SILENCE_MS = 2000


@dataclass(frozen=True)
class Floor:
    """A turn: what one person says, with its pauses, until the other takes over."""

    who: Who
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Shares:
    """How much of the time from the first voice to the last is whose: they add up to 1, or are all 0 without a voice.

    unknown: nobody is heard, and the sound of one of the two was not recorded.
    """

    candidate: float = 0.0
    sp: float = 0.0
    both: float = 0.0
    silence: float = 0.0
    unknown: float = 0.0


@dataclass(frozen=True)
class Glance:
    """One consultation in numbers. Times in ms; moments from the start of the recording; None: there was none.

    talk_share: of all that is said, how much the candidate says (0 to 1). overlap_share: how much of the time both
    speak. response_ms: the median of how long each takes to answer; below 0 they begin before the other has ended.
    first_interruption: when the candidate first interrupted the patient; `after_ms` counts from the patient's first
    word. listening: the patient's longest turn, in which the candidate says nothing but backchannels.
    """

    spoken: Stretch | None
    shares: Shares
    talk_share: float | None
    overlap_share: float | None
    turns: dict[Who, int]
    response_ms: dict[Who, int | None]
    backchannels: int
    interruptions: tuple[Stretch, ...]
    after_ms: int | None
    listening: Stretch | None
    silences: tuple[Stretch, ...]


def glance(candidate: Sequence[Stretch], sp: Sequence[Stretch], missing: Sequence[Stretch] = ()) -> Glance:
    """All numbers of a consultation of two.

    candidate, sp: their voices, each in order and apart. missing: when the sound of one of them was not recorded: what
    is not known is neither a silence nor a response time.
    """
    turns = floors(candidate, sp)
    voiced = merged([*candidate, *sp])
    spoken = (voiced[0][0], voiced[-1][1]) if voiced else None
    both = common(candidate, sp)
    quiet = without([spoken] if spoken else [], voiced)
    silences = without(quiet, missing)
    said_ms, heard_ms, both_ms = total(candidate), total(sp), total(both)
    length_ms = spoken[1] - spoken[0] if spoken else 0
    cuts = interruptions(turns)
    first = next((turn for turn in turns if turn.who == "sp"), None)
    return Glance(
        spoken=spoken,
        shares=Shares(
            candidate=(said_ms - both_ms) / length_ms,
            sp=(heard_ms - both_ms) / length_ms,
            both=both_ms / length_ms,
            silence=total(silences) / length_ms,
            unknown=(total(quiet) - total(silences)) / length_ms,
        )
        if length_ms
        else Shares(),
        talk_share=said_ms / (said_ms + heard_ms) if said_ms + heard_ms else None,
        overlap_share=both_ms / length_ms if length_ms else None,
        turns={"candidate": _count(turns, "candidate"), "sp": _count(turns, "sp")},
        response_ms={"candidate": _response(turns, "candidate", missing), "sp": _response(turns, "sp", missing)},
        backchannels=sum(end - start <= BACKCHANNEL_MS for start, end in asides(candidate, sp)),
        interruptions=tuple(cuts),
        after_ms=cuts[0][0] - first.from_ms if cuts and first else None,
        listening=_listening(turns, candidate, sp),
        silences=tuple(one for one in silences if one[1] - one[0] >= SILENCE_MS),
    )


def asides(own: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """What somebody says wholly within what the other says at one go: it does not take the floor."""
    return [
        one for one in own if any(start <= one[0] and one[1] <= end and one != (start, end) for start, end in other)
    ]


def floors(candidate: Sequence[Stretch], sp: Sequence[Stretch]) -> list[Floor]:
    """The turns in order; two neighbours are never of one person. Who begins and ends with the other speaks second."""
    said: list[tuple[int, int, Who]] = []
    pairs: tuple[tuple[Who, Sequence[Stretch], Sequence[Stretch]], ...]
    pairs = ("candidate", candidate, sp), ("sp", sp, candidate)
    for who, own, other in pairs:
        within = set(asides(own, other))
        said += [(start, end, who) for start, end in own if (start, end) not in within]
    turns: list[Floor] = []
    for start, end, who in sorted(said):
        if turns and turns[-1].who == who:
            turns[-1] = Floor(who, turns[-1].from_ms, end)
        else:
            turns.append(Floor(who, start, end))
    return turns


def interruptions(turns: Sequence[Floor]) -> list[Stretch]:
    """Where the candidate interrupts the patient: from the candidate's first sound to the patient's last."""
    return [
        (after.from_ms, before.to_ms)
        for before, after in pairwise(turns)
        if after.who == "candidate"
        and before.to_ms - after.from_ms >= INTERRUPTION_MS
        and after.from_ms - before.from_ms >= INTO_MS
        and after.to_ms - after.from_ms > BACKCHANNEL_MS
    ]


def _listening(turns: Sequence[Floor], candidate: Sequence[Stretch], sp: Sequence[Stretch]) -> Stretch | None:
    """The longest stretch of the patient's turns with nothing but the candidate's backchannels; the first of equals."""
    long = [(start, end) for start, end in candidate if end - start > BACKCHANNEL_MS]
    heard = [part for turn in turns if turn.who == "sp" for part in without([(turn.from_ms, turn.to_ms)], long)]
    # Pauses at the end of what is left are nobody's.
    said = [common([part], sp) for part in heard]
    spans = [(parts[0][0], parts[-1][1]) for parts in said if parts]
    return max(spans, key=lambda one: one[1] - one[0], default=None)


def _response(turns: Sequence[Floor], who: Who, missing: Sequence[Stretch]) -> int | None:
    """The median floor transfer offset into the turns of one person."""
    offsets = [
        after.from_ms - before.to_ms
        for before, after in pairwise(turns)
        if after.who == who and not common([(before.to_ms, after.from_ms)], missing)
    ]
    return round(median(offsets)) if offsets else None


def _count(turns: Iterable[Floor], who: Who) -> int:
    return sum(turn.who == who for turn in turns)


def total(spans: Iterable[Stretch]) -> int:
    """How long spans are together."""
    return sum(end - start for start, end in spans)


def merged(spans: Iterable[Stretch]) -> list[Stretch]:
    """The same time in as few spans as it takes, in order."""
    found: list[Stretch] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif start < end:
            found.append((start, end))
    return found


def common(one: Iterable[Stretch], other: Iterable[Stretch]) -> list[Stretch]:
    """What lies in both."""
    others = list(other)
    cut = [(max(a, c), min(b, d)) for a, b in one for c, d in others if max(a, c) < min(b, d)]
    return merged(cut)


def without(spans: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """What lies in the first and in none of the others."""
    left = merged(spans)
    for start, end in taken:
        parts = [part for a, b in left for part in ((a, min(b, start)), (max(a, end), b))]
        left = [(a, b) for a, b in parts if a < b]
    return left
