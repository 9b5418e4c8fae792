"""What can be made to go wrong in a rehearsal, and how it is asked for: `KIND[=VALUE][@MOMENT][:WHOM]`.

MOMENT is seconds into the encounters, `2/20` those of the second rotation; or `random`. WHOM is a role, `both`, or a
number of people, who are chosen by chance. `reload=5%` is a share: so many of the people, anew in each rotation.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from teleosce.core.errors import Invalid
from teleosce.rehearsal.line import Line

WHOM = ("candidate", "sp", "both")
_SPEC = re.compile(
    r"(?P<kind>[a-z-]+)(=(?P<value>[0-9.]+)(?P<unit>%|s|ms)?)?"
    r"(@(?P<at>random|((?P<rotation>[0-9]+)/)?(?P<second>[0-9.]+)))?(:((?P<whom>[a-z]+)|(?P<count>[0-9]+)))?"
)
_EDGE_S, _APART_S = 5.0, 15.0
"""Random moments keep so far from the encounter's ends, and from each other."""
_WITHIN = (0.1, 0.7)
"""What befalls one person by chance comes within this part of an encounter."""


@dataclass(frozen=True)
class Kind:
    """value and moment: whether one is needed. server: it befalls the server, not a person. some: it may befall a
    number of people; `unit` may stand after the value.
    """

    says: str
    value: bool = False
    moment: bool = False
    server: bool = False
    some: bool = True
    unit: str = ""


KINDS = {
    "loss": Kind("loss=5: five of a hundred packets are lost, each way", value=True, unit="%"),
    "delay": Kind("delay=150: 150 ms more, each way", value=True, unit="ms"),
    "reorder": Kind("reorder=2: two of a hundred packets are overtaken, each way", value=True, unit="%"),
    "reload": Kind("reload@20: the page is loaded again 20 s into the encounter", moment=True),
    "vanish": Kind("vanish@20: gone without a goodbye, and not seen again", moment=True),
    "drop": Kind("drop=20@15: the line is cut for 20 s, 15 s into the encounter", value=True, moment=True, unit="s"),
    "move": Kind("move@20: the media comes from another port from then on", moment=True),
    "silent": Kind("silent: the microphone gives only silence", some=False),
    "black": Kind("black: the camera gives only black", some=False),
    "echo": Kind("echo: the microphone picks up the other's voice from the loudspeaker", some=False),
    "kill": Kind("kill@20: the server is killed with SIGKILL and started again", moment=True, server=True),
}


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong. at_s counts from the encounter's bell; None for all the time, or a random moment.

    rotation: None is the first, or a random one. count: so many people; share: so many of a hundred, in each rotation.
    who: they, by their numbers, once they are chosen.
    """

    kind: str
    value: float = 0.0
    at_s: float | None = None
    whom: str = "candidate"
    rotation: int | None = None
    count: int | None = None
    share: float | None = None
    who: tuple[int, ...] | None = None

    def befalls(self, role: str, number: int = -1) -> bool:
        """Whether the person of this role and number has it."""
        if self.who is not None:
            return number in self.who
        return not KINDS[self.kind].server and self.whom in (role, "both")

    def __str__(self) -> str:
        if self.share is not None:
            return f"{self.kind}={self.share:g}%"
        value = f"={self.value:g}" if KINDS[self.kind].value else ""
        rotation = f"{self.rotation}/" if (self.rotation or 1) > 1 else ""
        moment = f"@{rotation}{self.at_s:g}" if self.at_s is not None else ""
        whom = "" if KINDS[self.kind].server else f":{self.whom if self.count is None else self.count}"
        return f"{self.kind}{value}{moment}{whom}"


def read_trouble(text: str) -> Trouble:
    """Raises Invalid with a sentence that names what is allowed."""
    match = _SPEC.fullmatch(text.strip())
    kind = KINDS.get(match["kind"]) if match else None
    if match is None or kind is None:
        allowed = "; ".join(one.says for one in KINDS.values())
        raise Invalid(f"“{text}” is no fault that can be rehearsed. There are: {allowed}. {_TO_WHOM}", code="fault")
    share = kind.moment and kind.some and not kind.value and match["unit"] == "%"
    by_chance = share or (match["count"] is not None and match["at"] is None)
    whole = bool(match["value"]) == (kind.value or share) and (
        bool(match["at"]) == (kind.moment and not share) or by_chance
    )
    if not whole or (match["unit"] not in (None, kind.unit) and not share) or (share and match["whom"]):
        raise Invalid(f"“{text}” is not complete, or says too much. It is written {kind.says}.", code="fault")
    whom = match["whom"] or "candidate"
    if whom not in WHOM or (kind.server and (match["whom"] or match["count"])):
        raise Invalid(f"“{text}” befalls nobody: after the colon comes candidate, sp or both.", code="fault")
    if match["count"] is not None and (not kind.some or int(match["count"]) == 0 or share):
        raise Invalid(f"“{text}” cannot befall a number of people: write {match['kind']}:candidate.", code="fault")
    value = _number(text, match["value"] or "0")
    if (match["kind"] in ("loss", "reorder") or share) and value > 100:
        raise Invalid(f"“{text}”: there are only 100 per cent.", code="fault")
    return Trouble(
        match["kind"],
        0.0 if share else value,
        _number(text, match["second"]) if match["second"] else None,
        whom,
        int(match["rotation"]) if match["rotation"] else None,
        int(match["count"]) if match["count"] else None,
        value if share else None,
    )


_TO_WHOM = (
    "A fault befalls the candidates; add :sp or :both for others, or a number such as :3 for so many people by chance. "
    "A moment may be @random, or @2/20 in the second rotation. reload=5% is a share of all people in each rotation."
)


def _number(text: str, digits: str) -> float:
    try:
        return float(digits)
    except ValueError:
        raise Invalid(f"“{text}”: “{digits}” is no number.", code="fault") from None


def timed(
    troubles: Sequence[Trouble], seconds: float, seed: int, *, people: int = 0, rotations: int = 1
) -> list[Trouble]:
    """With a rotation, a moment and people for each that was left to chance, within encounters of so many seconds.

    people: how many there are; they are numbered from 0. Raises Invalid when a moment lies outside.
    """
    chance = random.Random(seed)
    found: list[Trouble] = []
    for one in troubles:
        if one.share is not None:
            found += _shared(one, seconds, chance, people, rotations)
        elif one.count is not None:
            found += _counted(one, seconds, chance, people, rotations)
        elif KINDS[one.kind].moment and one.at_s is None:
            rotation = chance.randint(1, rotations)
            taken = [other for other in found if other.rotation == rotation]
            found.append(replace(one, at_s=_moment(taken, seconds, chance), rotation=rotation))
        else:
            found.append(replace(one, rotation=one.rotation or 1) if KINDS[one.kind].moment else one)
    for one in found:
        if one.at_s is not None and one.at_s >= seconds - 1:
            raise Invalid(f"“{one}” comes too late: the encounter ends after {seconds:g} s.", code="fault")
        if not 1 <= (one.rotation or 1) <= rotations:
            raise Invalid(f"“{one}”: there is no such rotation; they count to {rotations}.", code="fault")
    return found


def _shared(one: Trouble, seconds: float, chance: random.Random, people: int, rotations: int) -> Iterator[Trouble]:
    for rotation in range(1, rotations + 1):
        for number in range(people):
            if chance.random() * 100 < (one.share or 0):
                at_s = _soon(seconds, chance)
                yield replace(one, at_s=at_s, rotation=rotation, count=1, share=None, who=(number,))


def _counted(one: Trouble, seconds: float, chance: random.Random, people: int, rotations: int) -> Iterator[Trouble]:
    assert one.count is not None
    if one.count > people:
        raise Invalid(f"“{one}”: there are only {people} people.", code="fault")
    who = chance.sample(range(people), one.count)
    if one.at_s is not None or not KINDS[one.kind].moment:
        yield replace(one, rotation=one.rotation or 1, who=tuple(who))
        return
    for number in who:
        at_s, rotation = _soon(seconds, chance), one.rotation or chance.randint(1, rotations)
        yield replace(one, at_s=at_s, rotation=rotation, count=1, who=(number,))


def _soon(seconds: float, chance: random.Random) -> float:
    return round(chance.uniform(*(seconds * part for part in _WITHIN)), 2)


def _moment(taken: Iterable[Trouble], seconds: float, chance: random.Random) -> float:
    busy = [one.at_s for one in taken if one.at_s is not None]
    edge = min(_EDGE_S, seconds / 4)
    for _ in range(1000):
        at_s = round(chance.uniform(edge, max(edge, seconds - edge - 10)), 2)
        if all(abs(at_s - other) >= _APART_S for other in busy):
            return at_s
    raise Invalid("There are too many faults at random moments for so short an encounter.", code="fault")


def line_for(role: str, troubles: Sequence[Trouble], seed: int, number: int = -1) -> Line:
    """The line of a person of this role and number."""
    mine = {one.kind: one.value for one in troubles if one.befalls(role, number)}
    return Line(
        loss=mine.get("loss", 0.0) / 100,
        delay_s=mine.get("delay", 0.0) / 1000,
        reorder=mine.get("reorder", 0.0) / 100,
        seed=seed,
    )
