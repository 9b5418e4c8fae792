"""What is wrong with the names, numbers and e-mail addresses of a plan. Pure."""

from collections import defaultdict
from collections.abc import Iterator

from teleosce.planning.conflict import Conflict, again
from teleosce.planning.models import ExamPlan


def of_names(plan: ExamPlan) -> Iterator[Conflict]:
    """Who stands twice, or is called what there is not; who would be taken for two, and whose letters meet."""
    circuits = [circuit.name for circuit in plan.circuits]
    for at, name in again(circuits):
        yield Conflict("double-circuit", f"Two circuits are called {name}.", place=("circuits", at))
    for at, _ in again([plan.number_of(at).casefold() for at in range(len(plan.candidates))]):
        yield Conflict(
            "double-number", f"Two candidates have the number {plan.number_of(at)}.", place=("candidates", at)
        )
    for at, email in again([one.email.casefold() for one in plan.candidates]):
        if email:
            yield Conflict(
                "double-candidate",
                f"Candidate {plan.number_of(at)} has the same e-mail address as another.",
                place=("candidates", at),
            )
    for at, (role, name) in again([(one.role, one.name) for one in plan.people]):
        yield Conflict("double-person", f"“{name}” stands twice in the list of people ({role}).", place=("people", at))
    known = {circuit.name for circuit in plan.rings}
    for at, candidate in enumerate(plan.candidates):
        if candidate.circuit and candidate.circuit not in known:
            yield Conflict(
                "unknown-circuit",
                f"Candidate {plan.number_of(at)} is to go round circuit {candidate.circuit}, which there is not.",
                place=("candidates", at),
            )
    yield from _spelt_twice(plan)
    yield from _letters_that_meet(plan)


def _spelt_twice(plan: ExamPlan) -> Iterator[Conflict]:
    """Names that differ by capitals and blanks alone: two people, of whom nobody would know that they are one."""
    written: dict[str, dict[str, tuple[str | int, ...]]] = defaultdict(dict)
    for at, person in enumerate(plan.people):
        written[_plain(person.name)].setdefault(person.name, ("people", at))
    for at, station in enumerate(plan.stations):
        for place in station.people.values():
            for name in filter(None, (place.sp, place.examiner)):
                written[_plain(name)].setdefault(name, ("stations", at, "people"))
    for spellings in written.values():
        first, *others = spellings
        for other in others:
            yield Conflict(
                "spelt-twice",
                f"“{first}” and “{other}” would be two people. Write it alike, or so that they can be told apart.",
                place=spellings[other],
            )


def _letters_that_meet(plan: ExamPlan) -> Iterator[Conflict]:
    """A candidate who would get the link of one of the staff, and staff who would get each other’s."""
    candidates = {one.email.casefold(): at for at, one in enumerate(plan.candidates) if one.email}
    staff: dict[str, str] = {}
    for at, person in enumerate(plan.people):
        email = person.email.casefold()
        if email in candidates:
            number = plan.number_of(candidates[email])
            yield Conflict(
                "double-email",
                f"{person.name} and candidate {number} have the same e-mail address: one would get the other’s link.",
                place=("people", at),
            )
        elif email and staff.setdefault(email, person.name) != person.name:
            message = f"{staff[email]} and {person.name} have the same e-mail address: both links go there."
            yield Conflict("double-email", message, blocks=False, place=("people", at))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
