"""Who may do what, by role. Whether an encounter is *theirs* is asked elsewhere, of the slot."""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType


class Role(StrEnum):
    """What a person is in an exam. The words are GLOSSARY's; the values stand in the database and in URLs."""

    organiser = auto()
    examiner = auto()
    moderator = auto()
    invigilator = auto()
    observer = auto()
    candidate = auto()
    standardized_patient = "sp"


STAFF = frozenset({Role.organiser, Role.examiner, Role.moderator, Role.invigilator, Role.observer})
"""Roles that may have an account with a password. Candidates and SPs come by link alone."""


class Permission(StrEnum):
    """One thing that a role may do, or not."""

    manage_accounts = auto()
    """Add staff accounts."""
    manage_seats = auto()
    """Add people to an exam and see who they are."""
    issue_links = auto()
    """Issue, replace and revoke join links, which ends the session that runs on them."""
    read_stations = auto()
    """Read the bank of stations whole: scripts, mark sheets and stimuli that are still to come."""
    build_exam = auto()
    """Make exams and their slots: who is where, when."""
    run_exam = auto()
    """Begin, end and make void, start and stop circuits, swap people, decide on incidents."""
    supervise = auto()
    """Act on the running day: tick off who somebody is, pause, add time, ring, call for a re-run, write to people."""
    watch_health = auto()
    """See the day as it runs: who is present, phases, equipment checks, media health, what is recorded."""
    observe_encounter = auto()
    """See and hear an encounter live without taking part; those in the room are shown who watches."""
    join_encounter = auto()
    """Take part in an encounter with camera and microphone."""
    read_brief = auto()
    """Read what one's role is given of an encounter's station: door note, script, mark sheet or stimuli."""
    write_note = auto()
    """Write the candidate's post-encounter note."""
    rate_as_sp = auto()
    """Fill in the SP's rating of the candidate."""
    show_stimulus = auto()
    """Show a stimulus to the candidate, or put it away."""
    mark = auto()
    """Fill in, submit and amend one's own mark sheet."""
    read_recording = auto()
    """Watch and hear takes, and see the poster frame."""
    read_transcript = auto()
    """Read, search and download transcripts."""
    search_recordings = auto()
    """Search what was said across the encounters that are theirs to read."""
    correct_transcript = auto()
    """Set a word right beside what the machine heard."""
    read_notes = auto()
    """Read the notes that candidates wrote."""
    read_marks = auto()
    """Read mark sheets and SP ratings that others filled in, with their history."""
    judge = auto()
    """Say in a panel what is expected of a borderline candidate."""
    moderate = auto()
    """Settle marks that disagree."""
    read_feedback = auto()
    """Read one's own released result with its feedback, and play what examiners pointed at."""
    export_data = auto()
    """Take recordings, transcripts and marks of an exam out of the system."""
    read_audit = auto()
    """Read and verify the audit log."""


_P = Permission
_WATCH_AND_READ = frozenset({_P.read_brief, _P.read_recording, _P.read_transcript, _P.search_recordings, _P.read_notes})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.organiser: frozenset(Permission),
        Role.examiner: _WATCH_AND_READ
        | {_P.join_encounter, _P.mark, _P.judge, _P.correct_transcript, _P.observe_encounter},
        Role.moderator: _WATCH_AND_READ
        | {_P.mark, _P.judge, _P.correct_transcript, _P.observe_encounter, _P.read_marks, _P.moderate},
        Role.invigilator: frozenset({_P.supervise, _P.watch_health, _P.observe_encounter, _P.issue_links}),
        Role.observer: frozenset({_P.observe_encounter}),
        Role.candidate: frozenset({_P.join_encounter, _P.read_brief, _P.write_note, _P.read_feedback}),
        Role.standardized_patient: frozenset({_P.join_encounter, _P.read_brief, _P.rate_as_sp, _P.show_stimulus}),
    }
)
"""The one table of permissions."""
