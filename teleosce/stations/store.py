"""Station versions for good: a row each, and the folder's files beside it, known by the content's hash."""

import asyncio
from pathlib import Path

from sqlalchemy import BigInteger, Column, String, Table, Text, insert, select

from teleosce.core.blobs import sync_folder, write_durably
from teleosce.core.clock import Clock
from teleosce.core.db import Database, metadata
from teleosce.core.errors import Conflict, NotFound, Unavailable
from teleosce.stations.model import StationVersion
from teleosce.stations.snapshot import content_hash, printable, take
from teleosce.stations.stimuli import FOLDER as STIMULI

station_version = Table(
    "station_version",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("slug", String(40), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("frozen_ms", BigInteger, nullable=False),
)
"""Rows are added and never changed. `document` is the StationVersion as JSON."""


class StationStore:
    """Keeps versions in the database and their files in `<data>/stations/<hash>/`.

    folder: the data folder.
    """

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self._database = database
        self._folder = folder / "stations"
        self._clock = clock
        self._read: dict[str, StationVersion] = {}

    async def freeze(self, version: StationVersion, folder: Path) -> str:
        """Keeps a version that `read(folder)` gave, and returns its hash. Freezing it again changes nothing.

        Raises Conflict when the folder no longer holds what was read, Unavailable when the files cannot be
        written; in both cases nothing was frozen.
        """
        await asyncio.to_thread(self._copy, version, folder)
        async with self._database.write() as connection:
            known = select(station_version.c.hash).where(station_version.c.hash == version.hash)
            if (await connection.execute(known)).first() is None:
                await connection.execute(
                    insert(station_version).values(
                        hash=version.hash,
                        slug=version.slug,
                        title=version.title,
                        document=version.model_dump_json(),
                        frozen_ms=self._clock.now_ms(),
                    )
                )
        return version.hash

    async def get(self, version_hash: str) -> StationVersion:
        """A frozen version. Raises NotFound."""
        if version_hash in self._read:
            return self._read[version_hash]
        async with self._database.read() as connection:
            query = select(station_version.c.document).where(station_version.c.hash == version_hash)
            document = (await connection.execute(query)).scalar_one_or_none()
        if document is None:
            raise NotFound("There is no such station version.")
        # It never changes; pages ask for it at every turn of the ring.
        version = self._read[version_hash] = StationVersion.model_validate_json(document)
        return version

    async def all(self) -> list[StationVersion]:
        """Every frozen version, by slug, the newest of each first."""
        async with self._database.read() as connection:
            order = (station_version.c.slug, station_version.c.frozen_ms.desc(), station_version.c.hash)
            documents = (await connection.execute(select(station_version.c.document).order_by(*order))).scalars()
            return [StationVersion.model_validate_json(document) for document in documents]

    async def frozen_ms(self, version_hash: str) -> int:
        """When a version was frozen. Raises NotFound."""
        async with self._database.read() as connection:
            query = select(station_version.c.frozen_ms).where(station_version.c.hash == version_hash)
            found = (await connection.execute(query)).scalar_one_or_none()
        if found is None:
            raise NotFound("There is no such station version.")
        return int(found)

    async def stimulus(self, version_hash: str, stimulus_id: str) -> Path:
        """The file of a stimulus. Raises NotFound when the version has none such."""
        version = await self.get(version_hash)
        for stimulus in version.stimuli:
            if stimulus.id == stimulus_id:
                return self._folder / version.hash / STIMULI / stimulus.file
        raise NotFound("This station has no such stimulus.")

    def _copy(self, version: StationVersion, folder: Path) -> None:
        files = take(folder).files
        if content_hash(files) != version.hash:
            raise Conflict(
                f"The folder {printable(str(folder))} has changed since it was read, so nothing was frozen. "
                "Read it again.",
                code="station-changed",
            )
        target = self._folder / version.hash
        try:
            for name, content in files.items():
                path = target / name
                if not path.is_file() or path.read_bytes() != content:
                    write_durably(path, content)
            for made in {
                target,
                *((target / name).parent for name in files),
                self._folder,
                self._folder.parent,
            }:
                sync_folder(made)
        except OSError as error:
            raise Unavailable(
                f"The station's files could not be kept ({error.strerror}), so nothing was frozen. "
                "Make room on the disk and try again.",
                code="station-files",
            ) from error
