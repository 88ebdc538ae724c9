"""Members, their roles and groups on the settings pages: who may, what is said, what is kept."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance import access, people
from governance.models import AuditEntry, Group, Membership, Project, User
from tests.runs.views.people import signed_in

SETTINGS = "/projects/demo/settings/"
MEMBERS, GROUPS = f"{SETTINGS}members/", f"{SETTINGS}groups/"


def roles_of(username: str) -> list[str]:
    return Membership.objects.get(project__slug="demo", user__username=username).roles


def page_of(username: str) -> str:
    return f"{MEMBERS}{Membership.objects.get(project__slug='demo', user__username=username).id}/"


def staff(username: str = "ada") -> Client:
    User.objects.filter(username=username).update(is_staff=True)
    return signed_in(username)


def main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def test_a_member_reads_the_members_and_is_offered_no_change(demo):
    page = signed_in("ben").get(MEMBERS).content.decode()
    assert "reviewer" in page
    assert "rita" in page
    assert 'id="new-member"' not in page
    one = signed_in("ben").get(page_of("rita")).content.decode()
    assert "Admins of the project change this." in one
    assert "<form" not in main_of(one)


def test_addresses_of_members_are_for_admins(demo):
    User.objects.filter(username="rita").update(email="rita@example.com")
    assert "rita@example.com" in signed_in("ada").get(MEMBERS).content.decode()
    assert "rita@example.com" not in signed_in("ben").get(MEMBERS).content.decode()


@pytest.mark.parametrize(("username", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_only_admins_change_members_and_groups(demo, username, status):
    client, ben = signed_in(username), page_of("ben")
    people.put_group(demo, "leads", ["rita"], None)
    for address, sent in [
        (MEMBERS, {"username": username, "roles": "admin"}),
        (ben, {"roles": "admin"}),
        (f"{ben}removal/", {}),
        (GROUPS, {"slug": "mine", "members": "ben"}),
        (f"{GROUPS}leads/", {"members": "ben"}),
        (f"{GROUPS}leads/deletion/", {}),
    ]:
        assert client.post(address, sent).status_code == status, address
    assert roles_of("ben") == ["viewer"]
    assert [group.slug for group in Group.objects.all()] == ["leads"]
    assert list(Group.objects.get().members.values_list("username", flat=True)) == ["rita"]


def test_a_user_who_is_there_becomes_a_member(demo):
    ada = signed_in("ada")
    answer = ada.post(MEMBERS, {"username": "sam", "roles": ["operator", "reviewer"]})
    assert answer["Location"] == MEMBERS
    assert roles_of("sam") == ["operator", "reviewer"]
    assert "sam is a member now." in ada.get(MEMBERS).content.decode()
    assert AuditEntry.objects.filter(action="member.set", actor="ada").exists()


def test_an_admin_of_the_project_alone_makes_no_users(demo):
    answer = signed_in("ada").post(MEMBERS, {"username": "newcomer", "roles": "viewer"})
    assert answer.status_code == 409
    assert "An admin of this installation can make one." in answer.content.decode()
    assert not User.objects.filter(username="newcomer").exists()


def test_an_admin_of_the_installation_makes_a_user_whose_link_is_shown_once(demo):
    ada = staff()
    sent = {"username": "kim", "name": "Kim", "email": "kim@example.com", "roles": "author"}
    answer = ada.post(MEMBERS, sent)
    link = re.search(
        r'id="sign-in-link"[^>]*value="http://testserver(/sign-in/[^"]+)"', answer.content.decode()
    )
    assert answer.status_code == 201
    assert roles_of("kim") == ["author"]
    assert User.objects.get(username="kim").name == "Kim"
    assert link[1] not in ada.get(MEMBERS).content.decode()
    kim = Client()
    assert kim.get(link[1]).status_code == 302
    assert AuditEntry.objects.filter(action="link.create", object="user/kim", actor="ada").exists()
    assert kim.get("/projects/demo/").status_code == 200


def test_no_field_of_the_form_makes_somebody_more_than_it_says(demo):
    sent = {
        "username": "kim",
        "roles": "viewer",
        "is_staff": "on",
        "is_superuser": "on",
        "project": "elsewhere",
    }
    assert staff().post(MEMBERS, sent).status_code == 201
    kim = User.objects.get(username="kim")
    assert (kim.is_staff, kim.is_superuser, kim.has_usable_password()) == (False, False, False)
    assert list(kim.memberships.values_list("project__slug", "roles")) == [("demo", ["viewer"])]
    signed_in("ada").post(page_of("kim"), {"roles": "author", "user": "ben", "username": "ben", "id": "1"})
    assert (roles_of("kim"), roles_of("ben")) == (["author"], ["viewer"])


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"username": "", "roles": "viewer"}, "This field is required."),
        ({"username": "sam"}, "Choose at least one role."),
        ({"username": "sam", "roles": "owner"}, "owner is not one of the available choices."),
        (
            {"username": "a b/c", "roles": "viewer"},
            "A username has 1 to 150 characters of a-z, A-Z, 0-9 and @ . + - _.",
        ),
        ({"username": "\u0430da", "roles": "viewer"}, "(cyrillic small letter a) is none of them"),
        ({"username": "\uff41da", "roles": "viewer"}, "(fullwidth latin small letter a) is none of them"),
        ({"username": "x" * 151, "roles": "viewer"}, "at most 150 characters"),
        ({"username": "kim", "roles": "viewer", "email": "nowhere"}, "Enter a valid email address."),
        ({"username": "k\0m", "roles": "viewer"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(demo, sent, sentence):
    answer = staff().post(MEMBERS, sent)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Membership.objects.filter(project=demo).count() == 3


def test_who_is_a_member_already_is_not_added_with_other_roles(demo):
    answer = signed_in("ada").post(MEMBERS, {"username": "rita", "roles": "admin"})
    assert answer.status_code == 409
    assert "rita is a member already" in answer.content.decode()
    assert roles_of("rita") == ["reviewer"]


def test_roles_are_changed_and_start_to_count_at_once(demo):
    ben = signed_in("ben")
    assert ben.get("/projects/demo/agents/new/").status_code == 403
    assert signed_in("ada").post(page_of("ben"), {"roles": ["viewer", "author"]})["Location"] == MEMBERS
    assert roles_of("ben") == ["viewer", "author"]
    assert ben.get("/projects/demo/agents/new/").status_code == 200
    assert signed_in("ada").post(page_of("ben"), {}).status_code == 422


def test_the_last_admin_can_neither_step_down_nor_go(demo):
    ada, address = signed_in("ada"), page_of("ada")
    for answer in (ada.post(address, {"roles": "viewer"}), ada.post(f"{address}removal/")):
        assert answer.status_code == 409
        sentence = "&#x27;ada&#x27; is the last admin of this project: make another one first."
        assert sentence in answer.content.decode()
    assert roles_of("ada") == ["admin"]


def test_who_is_removed_finds_nothing_and_leaves_the_groups(demo):
    people.put_group(demo, "leads", ["ben", "rita"], None)
    ada, ben = signed_in("ada"), signed_in("ben")
    assert "Remove ben" in ada.get(page_of("ben")).content.decode()
    assert ada.post(f"{page_of('ben')}removal/")["Location"] == MEMBERS
    assert ben.get("/projects/demo/").status_code == 404
    assert list(Group.objects.get().members.values_list("username", flat=True)) == ["rita"]


def test_an_admin_who_leaves_goes_on_to_their_other_projects(demo):
    people.add_member(demo, User.objects.get(username="rita"), ["admin"], None)
    assert signed_in("ada").post(f"{page_of('ada')}removal/")["Location"] == "/"


def test_a_member_of_another_project_is_not_reached_through_this_one(demo):
    theirs = Membership.objects.get(project__slug="elsewhere").id
    ada = signed_in("ada")
    assert ada.get(f"{MEMBERS}{theirs}/").status_code == 404
    assert ada.post(f"{MEMBERS}{theirs}/", {"roles": "viewer"}).status_code == 404
    assert ada.post(f"{MEMBERS}{theirs}/removal/").status_code == 404
    assert Membership.objects.get(id=theirs).roles == ["admin"]


def test_the_table_of_roles_says_what_the_rights_are(demo):
    page = signed_in("ben").get(MEMBERS).content.decode()
    table = page.partition('id="rights-title"')[2]
    rows = {
        re.sub("<[^>]+>", "", row).strip().lower(): re.findall(r"<td>.*?>(yes|no)</span></td>", rest)
        for row, rest in re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table, re.DOTALL)
    }
    columns = ["viewer", "author", "operator", "reviewer", "admin"]
    assert {
        access.MEANINGS[right].removesuffix(" here"): ["yes" if role in holders else "no" for role in columns]
        for right, holders in access.RIGHTS.items()
    } == rows


def test_groups_are_made_changed_and_deleted(demo):
    ada = signed_in("ada")
    assert ada.post(GROUPS, {"slug": "leads", "members": ["rita", "ben"]})["Location"] == GROUPS
    page = ada.get(GROUPS).content.decode()
    assert "group:leads" in page
    assert ada.post(f"{GROUPS}leads/", {"members": ["ada"]})["Location"] == GROUPS
    assert list(Group.objects.get().members.values_list("username", flat=True)) == ["ada"]
    again = ada.post(GROUPS, {"slug": "leads"})
    assert (again.status_code, "There is a group “leads” already" in again.content.decode()) == (409, True)
    assert ada.post(f"{GROUPS}leads/deletion/")["Location"] == GROUPS
    assert Group.objects.count() == 0
    assert ada.get(f"{GROUPS}leads/").status_code == 404


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"slug": "Support Leads"}, "A slug has 1 to 64 of the characters a-z, 0-9 and the hyphen."),
        ({"slug": "leads", "members": "sam"}, "“sam” is no member of this project: add them first."),
        ({"slug": ""}, "This field is required."),
    ],
)
def test_a_group_that_cannot_be_is_refused_with_the_reason(demo, sent, sentence):
    answer = signed_in("ada").post(GROUPS, sent)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Group.objects.count() == 0


def test_hostile_names_are_text(demo):
    User.objects.filter(username="ben").update(name='<script>alert("x")</script>')
    ada = signed_in("ada")
    for address in (MEMBERS, page_of("ben"), f"{MEMBERS}?q=<script>y"):
        page = ada.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<script>y" not in page
    assert "&lt;script&gt;alert" in ada.get(MEMBERS).content.decode()


def test_members_are_searched_and_paged(demo):
    rows = [User(username=f"person-{number:03}") for number in range(60)]
    User.objects.bulk_create(rows)
    Membership.objects.bulk_create(
        Membership(project=demo, user=user, roles=["viewer"])
        for user in User.objects.filter(username__startswith="person-")
    )
    ada = signed_in("ada")
    first = ada.get(MEMBERS).content.decode()
    assert "person-047" in first
    assert "person-048" not in first
    after = re.search(r'href="(\?after=[^"]+)"', first)[1]
    second = ada.get(MEMBERS + after).content.decode()
    assert "person-048" in second
    assert "rita" in second
    assert "person-047" not in second
    before = re.search(r'href="(\?before=[^"]+)"', second)[1]
    assert "person-047" in ada.get(MEMBERS + before).content.decode()
    found = ada.get(f"{MEMBERS}?q=person-01").content.decode()
    assert "person-019" in found
    assert "person-020" not in found
    assert "Nobody matches" in ada.get(f"{MEMBERS}?q=nobody-here").content.decode()


def test_more_members_and_groups_ask_no_more_questions(demo):
    ada = signed_in("ada")
    people.put_group(demo, "first", ["ben"], None)
    before = [questions(ada, address) for address in (MEMBERS, GROUPS)]
    fill(demo, 20)
    assert [questions(ada, address) for address in (MEMBERS, GROUPS)] == before


def questions(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def fill(project: Project, count: int) -> None:
    for number in range(count):
        user = people.create_user(f"more-{number:02}", None)
        people.add_member(project, user, ["viewer"], None)
        people.put_group(project, f"group-{number:02}", [user.username, "ben"], None)
