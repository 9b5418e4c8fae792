"""What the room speaks of: accounts, seats, principals, links, consent and the audit log's report."""

from dataclasses import dataclass

from teleosce.core.errors import Invalid
from teleosce.people.roles import PERMISSIONS, Permission, Role

NAME_LENGTH = 200


@dataclass(frozen=True)
class Account:
    """A member of staff who signs in with an e-mail address and a password."""

    id: str
    email: str
    name: str
    role: Role


@dataclass(frozen=True)
class Seat:
    """One person's place in one exam. `number` is the candidate number as printed, or None.

    extra_percent: by how much a candidate's phases are longer. zone: their own IANA time zone, if not the school's.
    """

    id: str
    exam_id: str
    role: Role
    name: str
    number: str | None
    email: str | None = None
    group: str | None = None
    extra_percent: int = 0
    zone: str | None = None


@dataclass(frozen=True)
class Principal:
    """Who is behind a request: a seat that joined by link, or an account that signed in; never both."""

    session_id: str
    role: Role
    exam_id: str | None
    seat_id: str | None
    account_id: str | None
    name: str

    def may(self, permission: Permission) -> bool:
        """Whether the role holds the permission. Whether the encounter is theirs is another question."""
        return permission in PERMISSIONS[self.role]


@dataclass(frozen=True)
class LinkView:
    """What a link says. It may be joined from `opens_ms`, which may lie ahead, until before `closes_ms`."""

    seat: Seat
    opens_ms: int
    closes_ms: int


@dataclass(frozen=True)
class ConsentText:
    """One version of the consent text; `hash` is the SHA-256 of the file as shipped, in hex."""

    version: str
    markdown: str
    hash: str


@dataclass(frozen=True)
class AuditReport:
    """What verifying the audit log found.

    rows: how many rows hold, counted from the first. broken_at: the number of the first row that was
    changed or is missing; None when all hold. head: the hash of the last row that holds: written down
    outside the server, it also proves that nobody has rewritten the whole log since.
    """

    rows: int
    broken_at: int | None
    head: str


def plain(text: str) -> str:
    """The text without lone surrogates and NUL, which JSON lets in and databases do not store."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def checked_name(name: str) -> str:
    """A person's name, trimmed. Raises Invalid when it is empty or longer than 200 characters."""
    name = plain(name).strip()
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(f"A name needs 1 to {NAME_LENGTH} characters. Nothing was saved.", code="name")
    return name
