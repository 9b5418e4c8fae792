"""What can be made to go wrong in a rehearsal, and how it is asked for: `KIND[=VALUE][@SECOND][:WHOM]`."""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from teleosce.core.errors import Invalid
from teleosce.rehearsal.line import Line

WHOM = ("candidate", "sp", "both")
_SPEC = re.compile(r"(?P<kind>[a-z-]+)(=(?P<value>[0-9.]+))?(@(?P<at>random|[0-9.]+))?(:(?P<whom>[a-z]+))?")
_EDGE_S, _APART_S = 5.0, 15.0
"""Random moments keep so far from the encounter's ends, and from each other."""


@dataclass(frozen=True)
class Kind:
    """value and moment: whether one is needed. server: it befalls the server, not a person."""

    says: str
    value: bool = False
    moment: bool = False
    server: bool = False


KINDS = {
    "loss": Kind("loss=5: five of a hundred packets are lost, each way", value=True),
    "delay": Kind("delay=150: 150 ms more, each way", value=True),
    "reorder": Kind("reorder=2: two of a hundred packets are overtaken, each way", value=True),
    "reload": Kind("reload@20: the page is loaded again 20 s into the encounter", moment=True),
    "vanish": Kind("vanish@20: gone without a goodbye, and not seen again", moment=True),
    "drop": Kind("drop=20@15: the line is cut for 20 s, 15 s into the encounter", value=True, moment=True),
    "move": Kind("move@20: the media comes from another port from then on", moment=True),
    "silent": Kind("silent: the microphone gives only silence"),
    "black": Kind("black: the camera gives only black"),
    "kill": Kind("kill@20: the server is killed with SIGKILL and started again", moment=True, server=True),
}


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong. at_s counts from the encounter's bell; None for all the time, or a random moment."""

    kind: str
    value: float = 0.0
    at_s: float | None = None
    whom: str = "candidate"

    def befalls(self, role: str) -> bool:
        """Whether a person of this role has it."""
        return not KINDS[self.kind].server and self.whom in (role, "both")

    def __str__(self) -> str:
        value = f"={self.value:g}" if KINDS[self.kind].value else ""
        moment = f"@{self.at_s:g}" if self.at_s is not None else ""
        return f"{self.kind}{value}{moment}" + ("" if KINDS[self.kind].server else f":{self.whom}")


def read_trouble(text: str) -> Trouble:
    """Raises Invalid with a sentence that names what is allowed."""
    match = _SPEC.fullmatch(text.strip())
    kind = KINDS.get(match["kind"]) if match else None
    if match is None or kind is None:
        allowed = "; ".join(one.says for one in KINDS.values())
        raise Invalid(f"“{text}” is no fault that can be rehearsed. There are: {allowed}. {_TO_WHOM}", code="fault")
    if bool(match["value"]) != kind.value or bool(match["at"]) != kind.moment:
        raise Invalid(f"“{text}” is not complete, or says too much. It is written {kind.says}.", code="fault")
    whom = match["whom"] or "candidate"
    if whom not in WHOM or (kind.server and match["whom"]):
        raise Invalid(f"“{text}” befalls nobody: after the colon comes candidate, sp or both.", code="fault")
    value = _number(text, match["value"] or "0")
    if match["kind"] in ("loss", "reorder") and value > 100:
        raise Invalid(f"“{text}”: there are only 100 per cent.", code="fault")
    at_s = None if match["at"] in (None, "random") else _number(text, match["at"])
    return Trouble(match["kind"], value, at_s, whom)


_TO_WHOM = "A fault befalls the candidates; add :sp or :both for others. A moment may be @random."


def _number(text: str, digits: str) -> float:
    try:
        return float(digits)
    except ValueError:
        raise Invalid(f"“{text}”: “{digits}” is no number.", code="fault") from None


def timed(troubles: Sequence[Trouble], seconds: float, seed: int) -> list[Trouble]:
    """With a moment for each that was left to chance, within an encounter of so many seconds.

    Raises Invalid when a moment lies outside.
    """
    chance = random.Random(seed)
    found: list[Trouble] = []
    for one in troubles:
        if KINDS[one.kind].moment and one.at_s is None:
            found.append(replace(one, at_s=_moment(found, seconds, chance)))
        elif one.at_s is not None and one.at_s >= seconds - 1:
            raise Invalid(f"“{one}” comes too late: the encounter ends after {seconds:g} s.", code="fault")
        else:
            found.append(one)
    return found


def _moment(taken: Iterable[Trouble], seconds: float, chance: random.Random) -> float:
    busy = [one.at_s for one in taken if one.at_s is not None]
    for _ in range(1000):
        at_s = round(chance.uniform(_EDGE_S, max(_EDGE_S, seconds - _EDGE_S - 10)), 2)
        if all(abs(at_s - other) >= _APART_S for other in busy):
            return at_s
    raise Invalid("There are too many faults at random moments for so short an encounter.", code="fault")


def line_for(role: str, troubles: Sequence[Trouble], seed: int) -> Line:
    """The line of a person of this role."""
    mine = {one.kind: one.value for one in troubles if one.befalls(role)}
    return Line(
        loss=mine.get("loss", 0.0) / 100,
        delay_s=mine.get("delay", 0.0) / 1000,
        reorder=mine.get("reorder", 0.0) / 100,
        seed=seed,
    )
