"""Pages from Jinja2 templates, and the little Markdown that clinicians write, made safe."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import nh3
from aiohttp import web
from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup

from teleosce import __version__
from teleosce.core import templates
from teleosce.core.errors import Fault, SignInNeeded
from teleosce.core.paths import WEB
from teleosce.web.context import PRINCIPAL

_IMPORT = re.compile(r'^(?:import|export|\})[^"\n]*?from "(\.[^"\n]+)";', re.MULTILINE)


@cache
def environment() -> Environment:
    """The templates, with what the server's pages use beside them."""
    made = templates.environment()
    made.filters["markdown"] = markdown
    made.globals["version"] = __version__
    made.globals["modules"] = modules
    return made


def built() -> str:
    """What the folder of static files is served under: its address changes with its contents, so a browser that has a
    file asks for it no more, and a module of an older version never meets one of the new. Blocks at first.
    """
    return _static()[0]


def as_built(path: str, tag: str) -> bool:
    """Whether the file at an address, by its entity tag, is still the one that the address was made from: an upgrade
    may have replaced it under the running server.
    """
    address, tags = _static()
    return tags.get(path.removeprefix(f"{address}/")) == tag


@cache
def _static() -> tuple[str, dict[str, str]]:
    """The address of the static files as they are now, and the entity tag that aiohttp gives each."""
    digest, tags = hashlib.sha256(), dict[str, str]()
    for path in sorted((WEB / "static").rglob("*")):
        if path.is_file():
            found = path.stat()
            tags[path.relative_to(WEB / "static").as_posix()] = f"{found.st_mtime_ns:x}-{found.st_size:x}"
            digest.update(f"{path.relative_to(WEB)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"/static/{digest.hexdigest()[:12]}", tags


@cache
def modules(entry: str) -> list[str]:
    """The paths of a module and of all that it imports: so a browser asks for them at once and not in turns."""
    folder = (WEB / "static" / "js").resolve()
    found: list[Path] = []
    waiting = [folder / entry]
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found.append(path)
            waiting += [(path.parent / name).resolve() for name in _IMPORT.findall(path.read_text("utf-8"))]
    return [f"/static/js/{path.relative_to(folder)}" for path in found]


def _lower_headings(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"


_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
_markdown.core.ruler.push("lower_headings", _lower_headings)


def markdown(text: str) -> Markup:
    """Markdown to HTML with the tags of plain documents only; its headings stand below the page's own."""
    return Markup(nh3.clean(_markdown.render(text)))  # noqa: S704 cleaned by nh3


def page(request: web.Request, template: str, answer_status: int = 200, /, **context: Any) -> web.Response:
    """A template as a response that no cache keeps."""
    defaults: dict[str, Any] = {
        "lang": "en",
        "catalogue": {},
        "principal": request.get(PRINCIPAL),
        "place": None,
        "status": answer_status,
    }
    html = environment().get_template(template).render(**(defaults | context))
    html = html.replace('="/static/', f'="{built()}/')
    return web.Response(
        text=html, content_type="text/html", status=answer_status, headers={"Cache-Control": "no-store"}
    )


_TITLES = {
    401: "Please sign in",
    403: "This is not open to you",
    404: "Not found",
    409: "That was not possible",
    429: "Too many attempts",
    503: "Not possible at this moment",
}


def fault_page(request: web.Request, fault: Fault) -> web.Response:
    """What happened, what was kept, what to do."""
    title = _TITLES.get(fault.status, "Something went wrong")
    if isinstance(fault, SignInNeeded) and fault.code != SignInNeeded.default_code:
        title = "This session has ended"
    reference = fault.details if fault.status == 500 else None
    return page(
        request,
        "error.html",
        fault.status,
        title=title,
        message=fault.message,
        reference=reference,
        back=None,
    )
