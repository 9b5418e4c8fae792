import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleosce.people import PERMISSIONS, STAFF, Permission, Principal, Role

roles = st.sampled_from(Role)
permissions = st.sampled_from(Permission)

MARKING = {Permission.mark, Permission.read_marks, Permission.moderate, Permission.correct_transcript}
RECORDED = {Permission.read_recording, Permission.read_transcript}
ASSESSED_OR_ACTING = {Role.candidate, Role.standardized_patient}


def of(role: Role) -> Principal:
    return Principal("session", role, None, None, "account", "Somebody")


@given(roles, permissions)
def test_a_principal_may_what_the_table_says(role: Role, permission: Permission) -> None:
    assert of(role).may(permission) == (permission in PERMISSIONS[role])


@given(permissions)
def test_the_organiser_may_everything(permission: Permission) -> None:
    assert of(Role.organiser).may(permission)


@given(roles.filter(lambda role: role is not Role.organiser))
def test_nobody_else_administers(role: Role) -> None:
    assert not {
        Permission.manage_accounts,
        Permission.read_audit,
        Permission.read_stations,
        Permission.run_exam,
        Permission.export_data,
    } & set(PERMISSIONS[role])


@given(st.sampled_from(sorted(ASSESSED_OR_ACTING)), st.sampled_from(sorted(MARKING | RECORDED)))
def test_candidates_and_patients_see_no_recording_and_no_mark(role: Role, permission: Permission) -> None:
    assert not of(role).may(permission)


@given(st.sampled_from(sorted(STAFF - {Role.organiser})))
def test_staff_take_no_part_in_an_encounter(role: Role) -> None:
    """But for an examiner who speaks, and that is said of the encounter."""
    assert (Permission.join_encounter in PERMISSIONS[role]) == (role is Role.examiner)
    assert not {Permission.write_note, Permission.rate_as_sp} & PERMISSIONS[role]


def test_each_role_has_its_own_work() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert PERMISSIONS[Role.candidate] == {
        Permission.join_encounter,
        Permission.read_brief,
        Permission.write_note,
        Permission.read_feedback,
    }
    assert {Permission.rate_as_sp, Permission.show_stimulus} <= PERMISSIONS[Role.standardized_patient]
    assert {Permission.mark, Permission.correct_transcript} | RECORDED <= PERMISSIONS[Role.examiner]
    assert PERMISSIONS[Role.examiner] - {Permission.join_encounter} < PERMISSIONS[Role.moderator]
    assert not (MARKING | RECORDED) & PERMISSIONS[Role.invigilator]
    assert not (MARKING | RECORDED) & PERMISSIONS[Role.observer]


def test_the_table_cannot_be_changed_while_it_runs() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Role.candidate] = frozenset(Permission)  # type: ignore[index]
