"""The people of an exam and what they may do.

Staff have accounts with passwords; candidates, standardized patients and others have a seat in an exam and a
link that leads to it. Either way a request becomes a `Principal`, whose role has permissions by one table.
The newest device of a seat wins. Consent is kept with the text that was accepted, and an append-only audit
log, chained by hashes, says who saw or changed what.
"""

from argon2 import PasswordHasher

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.events import Events
from teleosce.people.accounts import Accounts
from teleosce.people.audit import Action, AuditLog
from teleosce.people.consents import Consents
from teleosce.people.forgetting import Forgetting
from teleosce.people.links import LinkRefused, Links
from teleosce.people.models import Account, AuditReport, ConsentText, LinkView, Principal, Seat, plain
from teleosce.people.roles import PERMISSIONS, STAFF, Permission, Role
from teleosce.people.seats import Seats, new_seat
from teleosce.people.sessions import Sessions

__all__ = [
    "PERMISSIONS",
    "STAFF",
    "Account",
    "Action",
    "AuditReport",
    "ConsentText",
    "LinkRefused",
    "LinkView",
    "People",
    "Permission",
    "Principal",
    "Role",
    "Seat",
    "new_seat",
    "plain",
]


class People:
    """The room's door: each name is documented where it is done. Methods that change something take `by`, the
    principal whom the audit log names.
    """

    def __init__(
        self, database: Database, clock: Clock, events: Events, *, hasher: PasswordHasher | None = None
    ) -> None:
        audit = AuditLog(database, clock)
        sessions = Sessions(database, clock, events, audit)
        accounts = Accounts(database, clock, audit, sessions, hasher or PasswordHasher())
        seats = Seats(database, clock, audit)
        links = Links(database, clock, audit, sessions)
        consents = Consents(database, clock, audit)
        forgetting = Forgetting(database, clock, sessions)

        self.add_account = accounts.add_account
        self.free_email = accounts.free_email
        self.account = accounts.account
        self.change_password = accounts.change_password
        self.sign_in = accounts.sign_in

        self.add_seat = seats.add_seat
        self.add_seats = seats.add_seats
        self.seats = seats.seats
        self.seat = seats.seat
        self.keep_equipment_check = seats.keep_equipment_check
        self.equipment_check = seats.equipment_check
        self.equipment_checks = seats.equipment_checks

        self.issue_link = links.issue_link
        self.issue_links = links.issue_links
        self.revoke_links = links.revoke_links
        self.look_at_link = links.look_at_link
        self.opens = links.opens
        self.join = links.join

        self.principal = sessions.principal
        self.over = sessions.over
        self.end_session = sessions.end_session
        self.sign_out = sessions.sign_out

        self.consent_text = consents.consent_text
        self.give_consent = consents.give_consent
        self.has_consented = consents.has_consented
        self.consented = consents.consented
        self.training_text = consents.training_text
        self.answer_training = consents.answer_training
        self.allow_training = consents.allow_training

        self.everybody = forgetting.everybody
        self.consents_of = forgetting.consents_of
        self.audit_about = forgetting.audit_about
        self.forget = forgetting.forget

        self.record = audit.record
        self.done_to = audit.done_to
        self.verify_audit = audit.verify_audit
