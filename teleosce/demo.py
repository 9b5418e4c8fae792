"""`teleosce demo`: a server with a small exam, a consultation already played, and one link per role."""

import asyncio
import json
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from teleosce.app import Server, freeze_stations, running
from teleosce.cohort import Cohort, make_cohort
from teleosce.core import logs
from teleosce.core.errors import Fault
from teleosce.core.paths import CONSULTATIONS
from teleosce.core.settings import Settings, load, unsafe
from teleosce.core.stopping import stop_signal
from teleosce.rehearsal import act, play
from teleosce.rehearsal.consultations import read_consultations
from teleosce.rehearsal.picture import LOW
from teleosce.simulated_exam import DAY_MS, SimulatedExam, make_results
from teleosce.web import MadeExam, Plan, make_exam

RING = ("chest-pain-video", "low-mood", "diabetes-review")
"""The stations of the demo's exam; the first is also the one that is played."""
CANDIDATES = ("Amira Hassan", "Ben Okafor", "Chloe Martin")
PATIENTS = ("Mr Doyle", "Ms Reed", "Mrs Iqbal")


@dataclass(frozen=True)
class Wanted:
    """What the demo has. consultation: one is played. marking: an exam that is over. spoken: and in it every word.

    results: an exam of sixty, simulated, with all its marks.
    """

    consultation: bool = True
    marking: bool = False
    spoken: bool = False
    results: bool = False


async def run_demo(flags: dict[str, Any], *, as_json: bool, wanted: Wanted) -> None:
    """Runs until Ctrl-C. With `as_json` prints the links as one line as soon as the server answers."""
    if flags["data"] is not None:
        await _serve(load(**flags), as_json=as_json, wanted=wanted)
        return
    with tempfile.TemporaryDirectory(prefix="teleosce-demo-", ignore_cleanup_errors=True) as folder:
        await _serve(load(**(flags | {"data": Path(folder)})), as_json=as_json, wanted=wanted)


async def _serve(settings: Settings, *, as_json: bool, wanted: Wanted) -> None:
    logs.configure(settings.log_level)
    said = Console(stderr=as_json, highlight=False, soft_wrap=True)
    stop = stop_signal()
    cohort = await _cohort(settings, said, spoken=wanted.spoken) if wanted.marking else None
    async with running(settings) as server:
        ring = await _exam(server)
        _print_links(server, ring, cohort, said, as_json=as_json)
        if warning := unsafe(settings):
            said.print(f"!!! {warning}\n", style="bold red", markup=False)
        under_way = [asyncio.create_task(_play(server, ring, said))] if wanted.consultation else []
        under_way += [asyncio.create_task(_results(server, said))] if wanted.results else []
        await stop.wait()
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)
        said.print("Stopping.")


async def _exam(server: Server) -> MadeExam:
    bank = await freeze_stations(server.rooms)
    hashes = [bank[slug] for slug in RING]
    return await make_exam(
        server.rooms,
        Plan(
            title="Teleconsultation demo",
            zone="Europe/London",
            stations=hashes,
            candidates=CANDIDATES,
            sps=PATIENTS,
            examiner="Dr Examiner",
            played=("Robin Sample", "Mr Doyle (synthetic)"),
        ),
    )


async def _cohort(settings: Settings, said: Console, *, spoken: bool) -> Cohort:
    said.print("An exam of three stations with three candidates is held, to be marked…")
    consultations = await asyncio.to_thread(read_consultations, CONSULTATIONS)
    title = "Teleconsultation demo, to be marked"
    return await make_cohort(settings, consultations, RING, title=title, voices=spoken, form=LOW, say=said.print)


def _print_links(server: Server, made: MadeExam, cohort: Cohort | None, said: Console, *, as_json: bool) -> None:
    over = {link.role: server.url + link.path for link in cohort.made.links} if cohort else {}
    marking = {role: over[role] for role in ("organiser", "examiner") if role in over}
    links: dict[str, list[str]] = {}
    for link in made.links:
        if not link.synthetic:
            links.setdefault(link.role, []).append(server.url + link.path)
    if as_json:
        one = {
            "url": server.url,
            "links": {
                "organiser": links["organiser"][0],
                "candidate": links["candidate"],
                "sp": links["sp"],
                "examiner": links["examiner"][0],
            },
        }
        if marking:
            one["marking"] = marking
        print(json.dumps(one), file=sys.stdout, flush=True)  # noqa: T201 the one line that programs read
        return
    said.print(f"\nteleosce answers at {server.url}. Open a link per role, in tabs of one browser if you like:\n")
    for link in made.links:
        if not link.synthetic:
            said.print(f"  {link.role:<10} {link.name:<14} {server.url}{link.path}", markup=False)
    for role, url in marking.items():
        said.print(f"  {role:<10} of the exam that is over {url}", markup=False)
    said.print("\nTo hold a consultation yourself: open a candidate's link and the link of the patient of their")
    said.print("station (candidate 1 with patient 1, and so on), then press Begin on the organiser's page.\n")


async def _play(server: Server, made: MadeExam, said: Console) -> None:
    """A consultation through the real path, so that there is something to watch, read and mark."""
    rooms = server.rooms
    try:
        version = await rooms.stations.get((await freeze_stations(rooms))[RING[0]])
        assert version.rehearsal is not None
        said.print("A synthetic candidate and patient begin a consultation…")
        speech = await asyncio.to_thread(act, version.rehearsal.lines)
        synthetic = {link.role: link for link in made.links if link.synthetic}
        encounter = await rooms.exams.where_now(synthetic["candidate"].seat)
        assert encounter is not None
        organiser = await rooms.people.issue_link(
            made.organiser, rooms.clock.now_ms() - 1000, rooms.clock.now_ms() + 3_600_000
        )
        await play(
            encounter.id,
            f"{server.url}/j#{organiser}",
            server.url + synthetic["candidate"].path,
            server.url + synthetic["sp"].path,
            speech,
        )
        said.print("It is recorded and is being transcribed: open the examiner's link to watch, read and mark it.")
        await _until_transcribed(server, encounter.id)
        said.print("Its transcript is ready.")
    except Fault as fault:
        said.print(f"The sample consultation could not be played: {fault.message}", markup=False)


async def _results(server: Server, said: Console) -> None:
    """An exam with results behind it, made on a loop of its own in a thread: the server answers meanwhile."""
    rooms, making = server.rooms, asyncio.new_event_loop()
    work = making.create_task(make_results(rooms))

    def make() -> SimulatedExam | None:
        try:
            return making.run_until_complete(work)
        except asyncio.CancelledError:
            return None
        finally:
            making.close()

    thread = asyncio.create_task(asyncio.to_thread(make))
    try:
        made = await asyncio.shield(thread)
    except asyncio.CancelledError:
        with suppress(RuntimeError):  # it is over by itself
            making.call_soon_threadsafe(work.cancel)
        await thread
        raise
    except Fault as fault:
        said.print(f"The exam with results could not be made: {fault.message}", markup=False)
        return
    assert made is not None
    now_ms = rooms.clock.now_ms()
    token = await rooms.people.issue_link(made.organiser.id, now_ms - 60_000, now_ms + 14 * DAY_MS)
    said.print(
        f"  organiser of “{made.title}”, {len(made.candidates)} candidates, {server.url}/j#{token}", markup=False
    )


async def _until_transcribed(server: Server, encounter_id: str) -> None:
    while True:
        progress = await server.rooms.transcripts.status(encounter_id)
        if progress is not None and progress.state in ("ready", "failed"):
            return
        await asyncio.sleep(1)
