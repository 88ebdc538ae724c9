"""The first start, and what later starts leave alone."""

from pathlib import Path

import pytest
from django.test import override_settings

from governance import documents, people
from governance.models import Document, Project, SignInLink, User
from runs import demo

pytestmark = pytest.mark.django_db


def test_the_first_start_makes_the_admin_the_project_and_a_link_that_signs_in():
    token = demo.prepare()
    admin = SignInLink.redeem(token)
    assert (admin.username, admin.is_staff, admin.has_usable_password()) == ("admin", True, False)
    project = Project.objects.get(slug="demo")
    assert project.roles_of(admin) == {"admin"}
    flows = Document.objects.filter(project=project, kind="flow", active__isnull=False)
    assert sorted(flows.values_list("slug", flat=True)) == [
        "content-pipeline",
        "customer-support",
        "invoice-processing",
    ]


def test_later_starts_ask_one_question_and_change_nothing(django_assert_num_queries):
    demo.prepare()
    project = Project.objects.get(slug="demo")
    ours = {**documents.content(documents.find(project, "flow", "content-pipeline")), "name": "Ours"}
    documents.create_and_publish(project, "flow", "content-pipeline", ours, None)
    documents.archive(documents.load(project, "flow", "invoice-processing"), None)
    with django_assert_num_queries(1):
        assert demo.prepare() is None
    assert documents.content(documents.find(project, "flow", "content-pipeline"))["name"] == "Ours"
    assert documents.load(project, "flow", "invoice-processing", archived=True).active is None


def test_an_admin_who_has_another_name_by_now_is_enough():
    demo.prepare()
    User.objects.filter(username="admin").update(username="ada")
    assert demo.prepare() is None
    assert not User.objects.filter(username="admin").exists()


def test_a_project_that_somebody_made_before_keeps_its_documents():
    ada = people.create_user("ada", None)
    project = people.create_project("demo", "Ours", ada)
    calculator = {"kind": "tool", "slug": "sum", "type": "calculator"}
    documents.create_and_publish(project, "tool", "sum", calculator, ada)
    assert demo.prepare() is not None
    assert [document.slug for document in Document.objects.filter(project=project)] == ["sum"]
    assert project.roles_of(User.objects.get(username="admin")) == {"admin"}


def test_a_user_called_admin_gets_no_second_way_in():
    people.create_user("admin", None)
    assert demo.prepare() is None
    assert User.objects.get(username="admin").is_staff
    assert not SignInLink.objects.exists()


def test_baton_starts_without_the_sample_service_and_says_why(tmp_path: Path, caplog):
    (tmp_path / "sample").write_text("not a folder")
    with override_settings(DATA_DIR=tmp_path):
        demo.start_services().stop()
    assert "The demo's sample service does not run" in caplog.text
