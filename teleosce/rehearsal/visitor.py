"""A browser's way to the server, without the browser: cookies, the role's header, and faults as sentences."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, CookieJar

from teleosce.core.errors import Unavailable

TIMEOUT_S = 30
PIECE = 1 << 20


class Visitor:
    """One session with the server at `base`, such as `https://osce.example.org`."""

    def __init__(self, base: str, role: str = "") -> None:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise Unavailable(f"“{base}” is not the address of a server: it begins with http:// or https://.")
        self.base = f"{parts.scheme}://{parts.netloc}"
        self.role = role
        self.http = ClientSession(self.base, cookie_jar=CookieJar(unsafe=True), timeout=ClientTimeout(total=TIMEOUT_S))

    async def sign_in(self, email: str, password: str) -> None:
        """As staff. Raises Unavailable when the server does not let them in."""
        form = {"email": email, "password": password}
        try:
            async with self.http.post("/sign-in", data=form, allow_redirects=False) as response:
                if response.status != 303:
                    raise Unavailable(f"{self.base} does not let {email} in. Check the e-mail address and password.")
        except (ClientError, TimeoutError) as error:
            raise self._away(error) from error

    async def post(self, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """A call of the API. Raises Unavailable with the server's own sentence, or when it cannot be reached."""
        try:
            async with self.http.post(path, json=content or {}, headers=self._headers()) as response:
                return await _said(response)
        except (ClientError, TimeoutError) as error:
            raise self._away(error) from error

    async def get(self, path: str) -> dict[str, Any]:
        """The same for reading."""
        try:
            async with self.http.get(path, headers=self._headers()) as response:
                return await _said(response)
        except (ClientError, TimeoutError) as error:
            raise self._away(error) from error

    async def has(self, path: str) -> bool:
        """Whether there is such a page for this visitor."""
        try:
            async with self.http.get(path, headers=self._headers(), allow_redirects=False) as response:
                return response.status == 200
        except (ClientError, TimeoutError) as error:
            raise self._away(error) from error

    async def download(self, path: str, file: Path) -> None:
        """Fetches a file piece by piece, as a player does (RFC 9110, 14). Raises Unavailable."""
        at, size = 0, 1
        with file.open("wb") as into:
            while at < size:
                asked = self._headers() | {"Range": f"bytes={at}-{at + PIECE - 1}"}
                try:
                    async with self.http.get(path, headers=asked) as response:
                        if response.status != 206:
                            raise Unavailable(f"The server does not give {path} by ranges ({response.status}).")
                        size = int(response.headers["Content-Range"].rsplit("/", 1)[1])
                        piece = await response.read()
                except (ClientError, TimeoutError) as error:
                    raise self._away(error) from error
                await asyncio.to_thread(into.write, piece)
                at += len(piece)

    async def close(self) -> None:
        """Forgets the cookies."""
        await self.http.close()

    def _headers(self) -> dict[str, str]:
        return {"Teleosce-Role": self.role} if self.role else {}

    def _away(self, error: Exception) -> Unavailable:
        return Unavailable(f"{self.base} does not answer ({type(error).__name__}). Is it running?", code="away")


async def _said(response: ClientResponse) -> dict[str, Any]:
    said: dict[str, Any] = await response.json(content_type=None)
    if response.status >= 400:
        raise Unavailable(said["error"]["message"], code=said["error"]["code"])
    return said
