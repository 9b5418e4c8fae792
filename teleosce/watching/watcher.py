"""One encounter's watch: a silent participant of its room."""

from collections.abc import Iterable
from itertools import permutations
from typing import Protocol

from teleosce.rtc.model import Kind, Packet, PeerHealth, Publication, Subscriber
from teleosce.watching.models import Alarm
from teleosce.watching.person import Person


class Room(Protocol):
    """What the watch needs of a media room."""

    def subscribe(self, subscriber: Subscriber) -> None:
        """Calls `publication_started` for those who publish already, too."""

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """No call follows."""

    def peers(self) -> list[PeerHealth]:
        """How everyone's connection does."""


class Watcher:
    """A `Subscriber`. Of each person it keeps the last few packets of sound and, now and then, one key frame."""

    def __init__(self, room: Room, encounter_id: str, expected: Iterable[str]) -> None:
        self.room, self.encounter_id = room, encounter_id
        self.people = {each: Person(each, expected=True) for each in expected}
        self._live: dict[str, Person] = {}

    def publication_started(self, publication: Publication) -> None:
        """Somebody is there, perhaps again."""
        who = publication.participant
        person = self.people.setdefault(who, Person(who, expected=False))
        person.appeared()
        self._live[publication.id] = person

    def packets(self, publication: Publication, kind: Kind, packets: list[Packet]) -> None:
        """Called ten times a second, so it does next to nothing."""
        person = self._live[publication.id]
        if kind == "audio":
            person.hear(packets)
            return
        for sequence, timestamp, marker, payload, _, _ in packets:
            if person.frame is not None:
                person.frame.take(sequence, timestamp, marker, payload)

    def sender_report(self, publication: Publication, kind: Kind, ntp: int, timestamp: int, arrival: float) -> None:
        """Says nothing here."""

    def publication_ended(self, publication: Publication) -> None:
        """Nothing of it follows."""
        gone = self._live.pop(publication.id, None)
        if gone is not None:
            self._forget_echoes(gone)

    def told(self, participant: str, microphone: str, camera: str, hears: bool | None) -> None:
        """What somebody's own page says of its devices. A voice that is off comes back in nobody's microphone."""
        person = self.people.get(participant)
        if person is None:
            return
        person.told(microphone, camera)
        person.told_of_others(hears)
        if microphone != "on":
            self._forget_echoes(person)

    def _forget_echoes(self, voice: Person) -> None:
        for person in self.people.values():
            person.echoes.pop(voice, None)

    def pairs(self) -> list[tuple[Person, Person]]:
        """A microphone and a voice, of all who are heard."""
        return list(permutations({*self._live.values()}, 2))

    def alarms(self) -> list[Alarm]:
        """What is wrong now."""
        return [
            Alarm(self.encounter_id, person.id, kind, since_ms)
            for person in self.people.values()
            for kind, since_ms in person.alarms.items()
        ]

    def judge(self, now: float, now_ms: int) -> tuple[list[Alarm], list[Alarm]]:
        """Brings everybody's alarms up to date. Returns those that began, and those that ended."""
        peers = {peer.participant: peer for peer in self.room.peers()}
        sounding = {one for one in self._live.values() if one.id in peers and one.sounds_now(peers[one.id], now_ms)}
        began, ended = [], []
        for person in self.people.values():
            others_sound = bool(sounding - {person})
            found = person.judge(peers.get(person.id), now, now_ms, others_sound=others_sound)
            for kind in sorted(found - person.alarms.keys()):
                person.alarms[kind] = now_ms
                began.append(Alarm(self.encounter_id, person.id, kind, now_ms))
            over = sorted(person.alarms.keys() - found)
            ended += [Alarm(self.encounter_id, person.id, kind, person.alarms.pop(kind), now_ms) for kind in over]
        return began, ended
