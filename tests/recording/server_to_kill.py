"""Records a stream in real time, and says how many seconds of it have come, until it is killed."""

import asyncio
import sys
import time
from pathlib import Path

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.events import Events
from teleosce.recording import Recordings

from .conftest import QuietRoom
from .media import Sender


async def main(folder: Path, encounter_id: str) -> None:
    database = Database(f"sqlite+aiosqlite:///{folder / 'teleosce.db'}")
    recordings = Recordings(folder, database, Clock(), Events())
    room = QuietRoom(encounter_id)
    recordings.attend(room, encounter_id)
    publication = room.start()
    recorder = room.subscribers[0]
    sender = Sender(reports_every=1.0)
    events = sender.events(0, 60)
    zero = time.monotonic()
    for number, (arrival, what, arguments) in enumerate(events):
        await asyncio.sleep(zero + arrival - time.monotonic())
        if what == "packet":
            kind, *packet = arguments
            recorder.packets(publication, kind, [(*packet, zero + arrival, None)])
        else:
            recorder.sender_report(publication, *arguments, zero + arrival)
        if number % 20 == 0:
            print(arrival - sender.audio_lag, flush=True)  # noqa: T201 for the one who kills us


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
