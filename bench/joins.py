"""How long it takes to get in when everybody comes at one bell.

    .venv/bin/python -m bench.joins --people 72 --rounds 3

Two to a room, all in the same moment: offer, answer, ICE, DTLS, until the first picture of the other one arrives. The
media server with its recorder is a process of its own; the people are one process beside it, whose own handshakes cost
as much as the server's. Pages, tickets over HTTP and a browser's devices are not in it: `teleosce rehearse` has those.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import uvloop
from aiortc import RTCCertificate

from bench.input import Clip, make_clip
from bench.load import Participant, pump
from bench.process import ServerProcess
from bench.report import environment

LIMIT_S = 60.0
LOOK_S = 0.01


async def one_bell(people: int, clip: Clip, folder: Path) -> tuple[list[float], list[float], int]:
    """Seconds to connected and to the first picture, of all who got in; and how many did not."""
    certificate = RTCCertificate.generateCertificate()
    everybody = [Participant(clip, certificate, prompt=True) for _ in range(people)]
    sending: list[Participant] = []
    orders = asyncio.Lock()
    async with ServerProcess("ours", folder) as server:

        async def join(number: int, one: Participant) -> tuple[float, float]:
            async def answer(sdp: str) -> str:
                async with orders:
                    return str(await server.order("answer", session=f"s{number // 2}", name=f"p{number % 2}", sdp=sdp))

            began = time.monotonic()
            async with asyncio.timeout(LIMIT_S):
                await one.join(answer)
                connected = time.monotonic() - began
                sending.append(one)
                while not one.frames:  # noqa: ASYNC110  an event would be set for every packet
                    await asyncio.sleep(LOOK_S)
            return connected, time.monotonic() - began

        pumping = asyncio.create_task(pump(sending))
        found = await asyncio.gather(*(join(*one) for one in enumerate(everybody)), return_exceptions=True)
        pumping.cancel()
        await server.order("finish")
        await asyncio.gather(*(one.leave() for one in sending), return_exceptions=True)
    well = [one for one in found if not isinstance(one, BaseException)]
    return [one for one, _ in well], [one for _, one in well], len(found) - len(well)


async def run(people: int, rounds: int) -> None:
    clip = make_clip()
    told = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="joins-") as folder:
            connected, seen, failed = await one_bell(people, clip, Path(folder))
        figures = {
            f"{what}_p{share}_s": round(float(np.percentile(values, share)), 2)
            for what, values in (("connected", connected), ("picture", seen))
            for share in (50, 95, 100)
            if values
        }
        told.append({"people": people, "failed": failed, **figures})
        print(json.dumps(told[-1]), flush=True)
    print(json.dumps({"environment": environment(), "bells": told}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=72)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    uvloop.run(run(arguments.people, arguments.rounds))


if __name__ == "__main__":
    main()
