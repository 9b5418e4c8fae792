"""What a recorded session costs: ours beside stock aiortc and Janus, on the same input, in one run.

    .venv/bin/python -m bench.media --sessions 4 --seconds 30

Each round runs one server after the other, each in a fresh process. See bench/README.md for what the figures mean.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import uvloop
from aiortc import RTCCertificate

from bench import janus
from bench.input import Clip, make_clip
from bench.load import Participant, pump
from bench.process import ServerProcess
from bench.report import environment, show
from bench.subscriber import Subscriber

_WELL = {"sealed", "closed", "converted"}

SETTLE_S = 5.0
"""From the last join to the beginning of the measured window."""


async def measure(
    kind: str, sessions: int, seconds: float, clip: Clip, folder: Path, *, pin: bool = False
) -> dict[str, Any]:
    """One server with `sessions` sessions of two participants. pin: to the first core; stock gets all of them."""
    found: dict[str, Any] = {"server": kind, "sessions": sessions, "load_average": round(os.getloadavg()[0], 1)}
    participants: list[Participant] = []
    subscribers: list[Subscriber] = []
    certificate = RTCCertificate.generateCertificate()
    async with ServerProcess(kind, folder) as server:
        if pin and kind != "stock":
            server.pin(0)
        base = server.memory_mib("VmRSS")
        sending = asyncio.create_task(pump(participants))
        for number in range(sessions):
            direction = "sendonly" if kind == "janus" else "sendrecv"
            two = {name: Participant(clip, certificate, direction) for name in ("candidate", "sp")}
            for name, one in two.items():
                await _join(server, participants, one, f"s{number}", name)
            if kind == "janus":
                for name, one in two.items():
                    subscribers.append(await _subscribe(server, Subscriber(one, certificate), f"s{number}", name))
        await asyncio.sleep(SETTLE_S)
        before, own, began = _counts(participants), _own_cpu_s(), time.monotonic()
        cpu = server.cpu_s()
        await asyncio.sleep(seconds)
        cpu, window = server.cpu_s() - cpu, time.monotonic() - began
        after, own, memory = _counts(participants), _own_cpu_s() - own, server.memory_mib("VmRSS")
        finishing = server.cpu_s()
        # What came before the window is recorded too, and sealed: it counts for the cost of sealing.
        recorded_s = sum(time.monotonic() - one.began for one in participants) / len(participants)
        found["lost"] = sum(not one.alive for one in participants)
        if sending.done():
            sending.result()
        sending.cancel()
        files = await server.order("finish")
        finishing = server.cpu_s() - finishing
        found["peak_rss_mib"] = round(server.memory_mib("VmHWM"), 1)
        await asyncio.gather(*(one.leave() for one in (*participants, *subscribers)), return_exceptions=True)
    live = cpu / window * 60 / sessions
    sealing = finishing / recorded_s * 60 / sessions
    delta = {name: [b - a for a, b in zip(before[name], after[name], strict=True)] for name in before}
    frames = [count / window for count in delta["frames"]]
    return found | {
        "window_s": round(window, 2),
        "cpu_live": round(live, 3),
        "cpu_sealing": round(sealing, 3),
        "cpu": round(live + sealing, 3),
        "cpu_sealing_per_session": round(finishing / sessions, 3),
        "cores_busy": round(cpu / window, 2),
        "fps_least": round(min(frames), 1),
        "fps_mean": round(sum(frames) / len(frames), 1),
        "fps_sent": round(sum(delta["sent_frames"]) / window / len(frames), 1),
        "fps_recorded": round(sum(map(_frames_in, files)) / recorded_s / len(frames), 1),
        "cpu_ms_per_frame": round((live + sealing) * 1000 / 60 * sessions / max(sum(frames), 0.01), 2),
        "packets_heard": sum(delta["heard"]),
        "packets_missing": sum(delta["missing"]),
        "packets_asked_again": sum(delta["asked_again"]),
        "silent": sum(count == 0 for count in delta["frames"]),
        "rss_per_session_mib": round((memory - base) / sessions, 1),
        "base_rss_mib": round(base, 1),
        "largest_child_mib": round(server.largest_child_mib, 1),
        "load_cores_busy": round(own / window, 2),
        "troubles": [_trouble(file) for file in files if file["state"] not in _WELL or file["gaps"]],
    }


async def _join(
    server: ServerProcess, participants: list[Participant], new: Participant, session: str, name: str
) -> None:
    async def answer(sdp: str) -> str:
        return str(await server.order("answer", session=session, name=name, sdp=sdp))

    async with asyncio.timeout(60):
        await new.join(answer)
    participants.append(new)


async def _subscribe(server: ServerProcess, new: Subscriber, session: str, name: str) -> Subscriber:
    async with asyncio.timeout(60):
        answer = await new.answer(str(await server.order("listen", session=session, name=name)))
        await asyncio.gather(new.connect(), server.order("begin", session=session, name=name, sdp=answer))
    return new


def _counts(participants: list[Participant]) -> dict[str, list[int]]:
    return {
        "frames": [one.frames for one in participants],
        "sent_frames": [one.video.count for one in participants],
        "heard": [sum(stream.received for stream in one.heard.values()) for one in participants],
        "missing": [sum(stream.missing for stream in one.heard.values()) for one in participants],
        "asked_again": [one.audio.asked_again + one.video.asked_again for one in participants],
    }


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _frames_in(file: dict[str, Any]) -> int:
    """Pictures in a finished file, read after everything was measured."""
    if file["path"] is None:
        return 0
    with contextlib.suppress(av.error.FFmpegError, IndexError), av.open(file["path"]) as container:
        return sum(1 for packet in container.demux(container.streams.video[0]) if packet.size)
    return 0


def _trouble(file: dict[str, Any]) -> str:
    gaps = ", ".join(
        f"{gap['kind']} {gap['track'] or 'both'} {gap['to_ms'] - gap['from_ms']} ms" for gap in file["gaps"]
    )
    return " ".join(filter(None, (file["state"], file["reason"], gaps)))


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    clip = make_clip()
    print(f"Input: {clip.describe()}", flush=True)
    sizes = {"ours": arguments.sessions, "stock": arguments.stock_sessions, "janus": arguments.sessions}
    pin = not arguments.unpinned and (os.cpu_count() or 1) > 1
    if pin:
        os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    rounds = []
    for number in range(arguments.rounds):
        for kind in arguments.servers:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                found = await measure(kind, sizes[kind], arguments.seconds, clip, Path(folder), pin=pin)
            rounds.append({"round": number + 1} | found)
            print(f"round {number + 1} of {arguments.rounds}: {kind} done", flush=True)
    return {"environment": environment(), "input": clip.describe(), "rounds": rounds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=4, help="sessions of two on our server and on Janus")
    parser.add_argument("--stock-sessions", type=int, default=1, help="sessions of two on stock aiortc")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each measured window")
    parser.add_argument("--rounds", type=int, default=2, help="how often all are run")
    servers = ["ours", "stock", *(["janus"] if janus.where() else [])]
    parser.add_argument("--servers", nargs="+", choices=servers, default=servers, help="ours always comes with a peer")
    parser.add_argument("--unpinned", action="store_true", help="let servers and load share all cores")
    arguments = parser.parse_args()
    if "ours" not in arguments.servers:
        parser.error("every figure is a ratio to ours")
    show(uvloop.run(run(arguments)))


if __name__ == "__main__":
    main()
