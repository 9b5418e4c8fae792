"""A candidate's feedback as PDF, by Typst: tagged, and PDF/UA-1 (ISO 14289-1) wherever each letter has a font."""

import json
import re
import zipfile
from dataclasses import asdict
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from teleosce.reports.feedback import Feedback

TEMPLATE = Path(__file__).with_name("feedback.typ")
_ONE = Lock()


@cache
def _compiler() -> Any:
    """One for the process: it has looked for the fonts, and knows the template. The wheel's fonts come first."""
    import typst  # 80 MB that a server needs only for this

    return typst.Compiler(str(TEMPLATE), root=str(TEMPLATE.parent), font_paths=typst.Fonts())


def feedback_pdf(feedback: Feedback, since: str) -> bytes:
    """since: when it was released, as a sentence. Blocks for a tenth of a second: never on the event loop.

    Where a letter has no font here the file is tagged all the same, but does not claim PDF/UA.
    """
    import typst

    data = {"data": json.dumps({"feedback": asdict(feedback), "since": since})}
    with _ONE:
        try:
            made = _compiler().compile(format="pdf", sys_inputs=data, pdf_standards="ua-1")
        except typst.TypstError:
            made = _compiler().compile(format="pdf", sys_inputs=data)
    assert isinstance(made, bytes)
    return made


class _Tap:
    """What a ZIP file is written into, to be taken on at once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def close(self) -> None:
        """What was written can still be taken."""

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class FeedbackZip:
    """PDFs of many as one ZIP file, given away as it grows: a whole exam takes a while."""

    def __init__(self) -> None:
        self._tap = _Tap()
        self._zip = zipfile.ZipFile(self._tap, "w", zipfile.ZIP_STORED)
        self._names: set[str] = set()

    def add(self, feedback: Feedback, since: str) -> bytes:
        """The next part of the file. Blocks."""
        self._zip.writestr(self._name(feedback), feedback_pdf(feedback, since))
        return self._tap.take()

    def end(self) -> bytes:
        """The last part."""
        self._zip.close()
        return self._tap.take()

    def _name(self, feedback: Feedback) -> str:
        """Number and name, as far as file names take them; nobody's file replaces another's."""
        said = re.sub(r"[^\w\-]+", " ", f"{feedback.number or ''} {feedback.name}").strip() or "candidate"
        name, count = f"{said}.pdf", 1
        while name.casefold() in self._names:
            count += 1
            name = f"{said} {count}.pdf"
        self._names.add(name.casefold())
        return name
