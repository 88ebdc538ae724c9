"""Oneself, projects, members, groups."""

import pytest

from governance import people
from governance.models import AuditEntry, Project, User
from tests.runs.api.conftest import Caller

pytestmark = pytest.mark.both_databases


@pytest.fixture
def staff(project, caller) -> Caller:
    User.objects.filter(username="ada").update(is_staff=True)
    return caller("ada")


def test_me_is_the_person_and_their_projects(ben):
    assert ben.get("me/").json() == {
        "user": {"username": "ben", "name": "Ben", "email": "", "staff": False},
        "projects": [{"slug": "demo", "name": "Demo", "roles": ["viewer"]}],
    }


def test_a_token_of_one_project_sees_that_project_only(caller, project):
    people.create_project("second", "Second", User.objects.get(username="ada"))
    bound = caller("ada", project=project)
    assert [found["slug"] for found in bound.get("me/").json()["projects"]] == ["demo"]
    assert [found["slug"] for found in bound.get("projects/").json()["results"]] == ["demo"]
    assert [found["slug"] for found in caller("ada").get("projects/").json()["results"]] == ["second", "demo"]


def test_an_admin_of_the_instance_makes_a_project_and_owns_it(staff):
    answer = staff.post("projects/", {"slug": "new", "name": "New"})
    assert answer.status_code == 201
    assert answer.json()["roles"] == ["admin"]
    assert staff.post("projects/", {"slug": "new"}).status_code == 409
    assert staff.post("projects/", {"slug": "No Slug"}).json()["errors"][0]["pointer"] == "/slug"


def test_a_bound_token_makes_no_project(staff, caller, project):
    assert caller("ada", project=project).post("projects/", {"slug": "new"}).status_code == 403


def test_a_project_is_renamed(ada, ben):
    assert ada.patch("projects/demo/", {"name": "Other"}).json()["name"] == "Other"
    assert ben.get("projects/demo/").json() | {"created_at": ""} == {
        "slug": "demo",
        "name": "Other",
        "roles": ["viewer"],
        "max_running_runs": None,
        "created_at": "",
    }


def test_the_runs_of_a_project_are_limited_and_set_free_again(ada, ben):
    assert ada.patch("projects/demo/", {"max_running_runs": 3}).json()["max_running_runs"] == 3
    assert ben.get("projects/demo/").json()["max_running_runs"] == 3
    assert ada.patch("projects/demo/", {"name": "Other"}).json()["max_running_runs"] == 3
    assert ada.patch("projects/demo/", {"max_running_runs": None}).json()["max_running_runs"] is None
    entry = AuditEntry.objects.filter(action="project.limit_runs").order_by("id").first()
    assert (entry.data["before"], entry.data["after"]) == (None, 3)


@pytest.mark.parametrize("body", [{"max_running_runs": 0}, {"max_running_runs": "3"}, {}])
def test_a_limit_that_is_none_is_refused(ada, body):
    assert ada.patch("projects/demo/", body).status_code == 422


def test_only_an_admin_limits_the_runs_of_a_project(ben):
    assert ben.patch("projects/demo/", {"max_running_runs": 3}).status_code == 403


def test_a_new_person_gets_a_link_that_signs_in_once(staff):
    answer = staff.post("projects/demo/members/", {"user": "newcomer", "roles": ["operator"]})
    assert answer.status_code == 201
    link = answer.json()["sign_in_link"]
    assert link.startswith("http://testserver/sign-in/")
    browser = Caller()
    assert browser.get(link).status_code == 302
    assert browser.get("me/").json()["user"]["username"] == "newcomer"
    assert Caller().get(link).status_code == 404


@pytest.mark.parametrize("name", ["\u0430da", "\uff41da", "ad\u00e4", "a\u0301da"])
def test_a_name_that_looks_like_another_is_no_new_person(staff, name):
    answer = staff.post("projects/demo/members/", {"user": name, "roles": ["admin"]})
    assert answer.status_code == 422
    assert not User.objects.filter(username=name).exists()


def test_a_name_in_other_capitals_is_no_new_person(staff):
    answer = staff.post("projects/demo/members/", {"user": "ADA", "roles": ["admin"]})
    assert (answer.status_code, "There is a user 'ada' already" in answer.json()["detail"]) == (409, True)


def test_who_had_another_name_before_that_rule_goes_on_with_it(staff):
    User.objects.create(username="j\u00f6rg")
    answer = staff.post("projects/demo/members/", {"user": "j\u00f6rg", "roles": ["viewer"]})
    assert (answer.status_code, answer.json().get("roles")) == (201, ["viewer"]), answer.json()


def test_a_member_gets_other_roles(ada):
    answer = ada.post("projects/demo/members/", {"user": "ben", "roles": ["reviewer", "author"]})
    assert (answer.status_code, answer.json()["roles"]) == (200, ["author", "reviewer"])
    assert answer.json()["sign_in_link"] is None


def test_the_last_admin_stays(ada):
    assert ada.delete("projects/demo/members/ada/").status_code == 409
    assert ada.post("projects/demo/members/", {"user": "ada", "roles": ["viewer"]}).status_code == 409
    assert ada.get("projects/demo/").json()["roles"] == ["admin"]


def test_a_removed_member_is_a_stranger_at_once(ada, ben):
    assert ben.get("projects/demo/").status_code == 200
    assert ada.delete("projects/demo/members/ben/").status_code == 204
    assert ben.get("projects/demo/").status_code == 404
    assert ada.delete("projects/demo/members/ben/").status_code == 404


def test_members_are_listed_newest_first(ben):
    listed = ben.get("projects/demo/members/?limit=2").json()
    assert [row["user"] for row in listed["results"]] == ["kim", "olu"]
    assert [row["user"] for row in ben.get(listed["next"]).json()["results"]] == ["rita", "ben"]


def test_a_group_names_members(ada, ben):
    assert ada.put("projects/demo/groups/leads/", {"members": ["rita", "ben"]}).status_code == 201
    assert ben.get("projects/demo/groups/leads/").json() == {"slug": "leads", "members": ["ben", "rita"]}
    assert ada.put("projects/demo/groups/leads/", {"members": ["rita"]}).json()["members"] == ["rita"]
    assert ben.get("projects/demo/groups/").json()["results"] == [{"slug": "leads", "members": ["rita"]}]
    stranger = ada.put("projects/demo/groups/leads/", {"members": ["rita", "sam"]})
    assert (stranger.status_code, stranger.json()["errors"][0]["pointer"]) == (422, "/members/1")
    assert ada.delete("projects/demo/groups/leads/").status_code == 204
    assert ada.get("projects/demo/groups/leads/").status_code == 404


def test_what_was_done_is_on_record(ada, ben):
    ada.patch("projects/demo/", {"name": "Other"})
    entry = ben.get("projects/demo/audit/?limit=1").json()["results"][0]
    assert (entry["actor"], entry["action"], entry["object"]) == ("ada", "project.rename", "project/demo")
    assert entry["seq"] == AuditEntry.objects.filter(project__slug="demo").count()
    assert entry["data"] == {"before": "Demo", "after": "Other"}


def test_the_record_of_one_project_is_not_that_of_another(ada, sam):
    actors = {row["object"] for row in ada.get("projects/demo/audit/?limit=500").json()["results"]}
    assert Project.objects.filter(slug="sams").exists()
    assert "project/sams" not in actors
