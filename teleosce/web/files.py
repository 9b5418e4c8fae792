"""Recordings by ranges (RFC 9110, 14), as players ask for them."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from teleosce.core.errors import NotFound


async def ranged(request: web.Request, path: Path, headers: Mapping[str, str]) -> web.StreamResponse:
    """The file, or the part of it that is asked for; a part that is not in it is 416, in words. Raises NotFound."""
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
    except OSError:
        raise NotFound("This recording is not there. Tell the organiser: it may be in a backup.") from None
    if _holds(size, request):
        return web.FileResponse(path, headers=headers)
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
