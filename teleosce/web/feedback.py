"""A candidate's feedback over the rooms of a server: whose it is, and when their link leads to it."""

from teleosce.core.errors import NotFound
from teleosce.exams import RUNNING
from teleosce.people import Principal, Role, Seat
from teleosce.planning.schedule import local, place_name
from teleosce.reports import Feedbacks, FeedbackState, Standing
from teleosce.web.context import Rooms
from teleosce.web.keeping import sources_of


def feedbacks_of(rooms: Rooms) -> Feedbacks:
    """What candidates see of their results."""
    return Feedbacks(rooms.database, rooms.clock, sources_of(rooms), rooms.results)


async def own_seat(rooms: Rooms, principal: Principal) -> Seat:
    """The candidate who asks. Raises NotFound for everybody else."""
    if principal.role is not Role.candidate or principal.seat_id is None:
        raise NotFound("There is no feedback here for you: it is each candidate's own.")
    return await rooms.people.seat(principal.seat_id)


async def reads_feedback(rooms: Rooms, seat: Seat) -> bool:
    """Whether a candidate's link leads to their feedback now: never away from a station that waits for them."""
    if seat.role is not Role.candidate:
        return False
    state = (await feedbacks_of(rooms).standing(seat)).state
    if state is FeedbackState.none:
        return False
    now = await rooms.exams.where_now(seat.id)
    # What is released to them counts as over, whatever was left waiting.
    return now is None or (state is FeedbackState.released and now.phase not in RUNNING)


def when(at_ms: int, zone: str) -> str:
    """A moment in words, by the clocks of a zone: “4 May 2027, 09:00 in London (Europe/London)”."""
    at = local(at_ms, zone)
    return f"{at.day} {at:%B %Y}, {at:%H:%M} in {place_name(zone)}"


def since_words(from_ms: int | None, zone: str) -> str:
    """When a result was released, as a sentence."""
    return "Not released yet." if from_ms is None else f"Released on {when(from_ms, zone)}."


def calm_words(standing: Standing, zone: str) -> tuple[str, str]:
    """(heading, sentence) for somebody who may see no result now."""
    match standing.state:
        case FeedbackState.embargo:
            assert standing.from_ms is not None
            return (
                "Your result is not open yet",
                f"You can read it here from {when(standing.from_ms, zone)} on. The link that brought you works then.",
            )
        case FeedbackState.withdrawn:
            return (
                "Your result was taken back for now",
                "The school is looking at it again. This need not mean that anything changes for you, and nothing you "
                "did or wrote is lost. If you have questions, ask the organiser of your exam.",
            )
        case FeedbackState.absent:
            return (
                "There is no result for you yet",
                "Results of this exam are released, and yours is not among them. Ask the organiser of your exam.",
            )
        case _:
            return (
                "Your result is not open yet",
                "No time is set for it. The school will tell you; there is nothing that you need to do.",
            )
