"""The table of rights, and the verbs on projects, members and groups."""

import pytest
from django.contrib.auth.models import AnonymousUser

from governance import access, people
from governance.models import ApiToken, AuditEntry, Group
from governance.refusals import Conflict, Forbidden, NotFound, Refused
from tests.governance.conftest import member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TABLE = {
    "read": "viewer author operator reviewer admin",
    "edit": "author admin",
    "launch": "author operator admin",
    "decide": "reviewer admin",
    "reveal": "reviewer admin",
    "administer": "admin",
}


@pytest.mark.parametrize("role", ["viewer", "author", "operator", "reviewer", "admin"])
def test_a_role_has_the_rights_of_the_table(project, role):
    person = member(project, role, role)
    for right, roles in TABLE.items():
        expected = role in roles.split()
        assert access.may(person, project, right) is expected
        if expected:
            assert access.project_or_404(person, "support", right) == project
        else:
            with pytest.raises(Forbidden, match="You need the role"):
                access.project_or_404(person, "support", right)


def test_roles_add_up(project):
    both = member(project, "both", "reviewer", "operator")
    assert [right for right in TABLE if access.may(both, project, right)] == [
        "read",
        "launch",
        "decide",
        "reveal",
    ]


@pytest.mark.parametrize("slug", ["support", "nowhere", "\0"])
def test_a_stranger_finds_nothing(project, sam, slug):
    sam.is_staff = sam.is_superuser = True
    for person in (sam, AnonymousUser()):
        with pytest.raises(NotFound):
            access.project_or_404(person, slug, "read")


def test_a_person_who_was_switched_off_finds_nothing(project, ben):
    ben.is_active = False
    with pytest.raises(NotFound):
        access.project_or_404(ben, "support", "read")


def test_a_token_of_a_project_opens_nothing_else(project, ada):
    other = people.create_project("sales", "Sales", ada)
    bound = ApiToken(user=ada, project=other)
    free = ApiToken(user=ada, project=None)
    assert access.project_or_404(ada, "support", "administer", free) == project
    assert access.project_or_404(ada, "sales", "administer", bound) == other
    with pytest.raises(NotFound):
        access.project_or_404(ada, "support", "read", bound)
    assert access.projects_of(ada, bound) == [(other, ["admin"])]
    assert [found.slug for found, _ in access.projects_of(ada)] == ["sales", "support"]


def test_only_an_admin_of_the_instance_passes_for_staff(project, ada, sam):
    sam.is_staff = True
    access.require_staff(sam)
    for person, token in ((ada, None), (AnonymousUser(), None), (sam, ApiToken(user=sam, project=project))):
        with pytest.raises(Forbidden):
            access.require_staff(person, token)


@pytest.mark.parametrize(
    ("kind", "right"),
    [("agent", "edit"), ("tool", "edit"), ("flow", "edit"), ("knowledge", "edit"), ("provider", "administer"),
     ("policy", "administer"), ("budget", "administer"), ("privacy", "administer")],
)  # fmt: skip
def test_authors_edit_flows_and_admins_everything(kind, right):
    assert access.right_to_edit(kind) == right


def test_who_makes_a_project_is_its_admin(project, ada):
    assert project.roles_of(ada) == {"admin"}
    with pytest.raises(Conflict, match="already"):
        people.create_project("support", "Again", ada)


@pytest.mark.parametrize("slug", ["", "A", "a b", "a" * 65, "ä", "a\n"])
def test_a_project_with_an_impossible_slug_is_refused(ada, slug):
    with pytest.raises(Refused):
        people.create_project(slug, "X", ada)


def test_the_last_admin_stays(project, ada, ben):
    with pytest.raises(Conflict, match="last admin"):
        people.remove_member(project, ada, ada)
    with pytest.raises(Conflict, match="last admin"):
        people.add_member(project, ada, ["viewer"], ada)
    people.add_member(project, ben, ["admin", "viewer"], ada)
    people.remove_member(project, ada, ben)
    assert project.roles_of(ben) == {"viewer", "admin"}
    with pytest.raises(NotFound):
        people.remove_member(project, ada, ben)


@pytest.mark.parametrize("roles", [[], ["boss"], ["viewer", "boss"], [3]])
def test_unknown_roles_are_refused(project, ada, sam, roles):
    with pytest.raises(Refused):
        people.add_member(project, sam, roles, ada)
    assert not project.roles_of(sam)


def test_groups_hold_members_of_the_project_only(project, ada, ben, rita, sam):
    people.put_group(project, "leads", ["ben", "rita"], ada)
    with pytest.raises(Refused) as refused:
        people.put_group(project, "leads", ["rita", "sam", "nobody"], ada)
    assert [problem.pointer for problem in refused.value.problems] == ["/members/1", "/members/2"]
    people.remove_member(project, ben, ada)
    assert [user.username for user in Group.objects.get(slug="leads").members.all()] == ["rita"]
    people.delete_group(project, "leads", ada)
    with pytest.raises(NotFound):
        people.delete_group(project, "leads", ada)


@pytest.mark.parametrize("username", ["", "a b", "a" * 151, "a\0", "\ud800", "a\n"])
def test_an_impossible_username_is_refused(ada, username):
    with pytest.raises(Refused):
        people.create_user(username, ada)


def test_a_new_person_cannot_sign_in_with_a_password(ada):
    user = people.create_user("grace", ada, name="Grace")
    assert not user.has_usable_password()
    with pytest.raises(Conflict):
        people.create_user("grace", ada)
    assert list(AuditEntry.objects.values_list("action", "object")) == [("user.create", "user/grace")]


@pytest.mark.parametrize("username", ["system", "System", "unknown"])
def test_nobody_is_called_as_the_audit_log_calls_baton(db, username):
    with pytest.raises(Refused) as refused:
        people.create_user(username, None)
    assert refused.value.problems[0].pointer == "/user"
