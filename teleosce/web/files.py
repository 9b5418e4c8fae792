"""Recordings by ranges (RFC 9110, 14), as players ask for them; and files to keep, under a name."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from urllib.parse import quote

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from teleosce.core.errors import NotFound

_PIECE = 1 << 18

_AT_ONCE = 1 << 20
"""Of a part for a player, as fast as the line takes it: its first picture, and ten seconds to play on."""

_PAUSE_S = 0.1
"""Between two pieces of the rest: 2.6 MB/s, ten times what 720p at double speed takes."""

_CONDITIONS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")


def named(name: str, media_type: str) -> dict[str, str]:
    """The headers of a file to keep, under its name; no cache keeps it."""
    return {
        "Content-Type": media_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-store",
    }


async def send_file(request: web.Request, file: IO[bytes], name: str, media_type: str) -> web.StreamResponse:
    """Sends all of an open file, from its beginning, under a name."""
    length = await asyncio.to_thread(file.seek, 0, os.SEEK_END)
    await asyncio.to_thread(file.seek, 0)
    response = web.StreamResponse(headers=named(name, media_type) | {"Content-Length": str(length)})
    await response.prepare(request)
    while piece := await asyncio.to_thread(file.read, _PIECE):
        await response.write(piece)
    await response.write_eof()
    return response


async def ranged(request: web.Request, path: Path, headers: Mapping[str, str]) -> web.StreamResponse:
    """The file, or the part of it that is asked for; a part that is not in it is 416, in words. Raises NotFound."""
    try:
        stat = await asyncio.to_thread(path.stat)
        # A part of what has changed since is no part of what the other side has (RFC 9110, 13.1.5).
        if "If-Range" in request.headers and not _same(request, stat):
            return _Whole(path, headers=headers)
        if "Range" not in request.headers or any(name in request.headers for name in _CONDITIONS):
            return web.FileResponse(path, headers=headers)
        if not _holds(stat.st_size, request):
            return _no_such_part(stat.st_size)
        file = await asyncio.to_thread(path.open, "rb")
    except OSError:
        raise NotFound("This recording is not there. Tell the organiser: it may be in a backup.") from None
    try:
        return await _paced(request, file, stat, headers)
    finally:
        await asyncio.to_thread(file.close)


class _Whole(web.FileResponse):
    """All of a file, on its conditions, for who asks for a part of it as it was."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        # Text that is not ASCII is no tag of ours, and aiohttp cannot always copy it.
        kept = [(name, text) for name, text in request.headers.items() if name.lower() != "range" and text.isascii()]
        return await super().prepare(request.clone(headers=kept))


def _same(request: web.Request, stat: os.stat_result) -> bool:
    """Whether the file is still what `If-Range` names, by tag or by date."""
    if request.if_range is not None:
        return stat.st_mtime <= request.if_range.timestamp()
    return request.headers["If-Range"] == f'"{_tag(stat)}"'


def _tag(stat: os.stat_result) -> str:
    """As `FileResponse` has it for all of the file."""
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


async def _paced(
    request: web.Request, file: IO[bytes], stat: os.stat_result, headers: Mapping[str, str]
) -> web.StreamResponse:
    """A part of a file for a player, which asks from its place to the end of the file and lets go at the next place.

    As fast as it takes them, that is 8 MB for each of two pictures at each press on the lanes, and their way through
    server, line and browser holds up the pictures themselves.

    Raises OSError or EOFError where the file cannot be read on: the answer is cut there, and the player asks again.
    """
    first, end, _ = slice(request.http_range.start, request.http_range.stop).indices(stat.st_size)
    told = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{end - 1}/{stat.st_size}"}
    response = web.StreamResponse(status=206, headers={**headers, **told})
    response.content_length = end - first
    response.last_modified = stat.st_mtime
    response.etag = _tag(stat)
    await response.prepare(request)
    await asyncio.to_thread(file.seek, first)
    at = first
    while piece := await asyncio.to_thread(file.read, min(_PIECE, end - at)):
        await response.write(piece)
        at += len(piece)
        if first + _AT_ONCE <= at < end:
            await asyncio.sleep(_PAUSE_S)
    if at < end:
        raise EOFError(f"a file of {stat.st_size} bytes ends at {at}")
    await response.write_eof()
    return response


def ranged_bytes(request: web.Request, content: bytes, headers: Mapping[str, str]) -> web.Response:
    """The same of what is in memory."""
    size = len(content)
    if not _holds(size, request):
        return _no_such_part(size)
    asked = request.http_range
    first, last, _ = slice(asked.start, asked.stop).indices(size)
    headers = {**headers, "Accept-Ranges": "bytes"}
    if asked.start is None and asked.stop is None:
        return web.Response(body=content, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last - 1}/{size}"
    return web.Response(status=206, body=content[first:last], headers=headers)


def _no_such_part(size: int) -> web.Response:
    message = f"There is no such part of this recording: it has {size} bytes. Load the page again."
    return web.json_response(
        {"error": {"code": "range", "message": message}},
        status=web.HTTPRequestRangeNotSatisfiable.status_code,
        headers={"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"},
    )


def _holds(size: int, request: web.Request) -> bool:
    """Whether a file of so many bytes has what is asked for."""
    try:
        first = request.http_range.start
    except ValueError:
        return False
    return first is None or first < size
