"""What is missing of a stream, when to ask for it again and when to give up. Pure: time is given."""

from teleosce.rtc.timings import NACK_AFTER_S, NACK_AGAIN_S, NACK_GIVE_UP_S, NACK_TRIES


class Repair:
    """Missing packets by extended sequence number: [first missed, times asked, last asked], in seconds."""

    def __init__(self) -> None:
        self.missing: dict[int, list[float]] = {}

    def __bool__(self) -> bool:
        return bool(self.missing)

    def skipped(self, first: int, end: int, now: float) -> None:
        """`first` up to, not including, `end` have not come."""
        for extended in range(first, end):
            self.missing[extended] = [now, 0, 0.0]

    def arrived(self, extended: int) -> bool:
        """It came late. True when that is because we asked."""
        entry = self.missing.pop(extended, None)
        return entry is not None and entry[1] > 0

    def due(self, now: float, round_trip: float, oldest: int) -> tuple[list[int], bool]:
        """(what to ask for now, in ascending order; whether anything was given up, for age or below `oldest`)."""
        again = max(NACK_AGAIN_S, round_trip * 1.25)
        ask, hopeless = [], []
        for extended, entry in self.missing.items():
            since, tries, asked = entry
            if now - since > NACK_GIVE_UP_S or tries >= NACK_TRIES or extended < oldest:
                hopeless.append(extended)
            elif now - since >= NACK_AFTER_S and (not tries or now - asked >= again):
                entry[1] += 1
                entry[2] = now
                ask.append(extended)
        for extended in hopeless:
            del self.missing[extended]
        return sorted(ask), bool(hopeless)

    def forget(self) -> None:
        """The stream starts anew."""
        self.missing.clear()
