"""Secrets go in and never come back out, but to the gateway."""

import pytest
from django.test import override_settings

from governance import people, secrets
from governance.models import AuditEntry, Secret
from governance.refusals import NotFound, Refused

pytestmark = pytest.mark.django_db


def test_a_secret_is_stored_encrypted_and_revealed_by_name(project, ada):
    secrets.put(project, "erp", "hunter2 ü", ada)
    secrets.put(project, "crm", "x", ada)
    secrets.put(project, "erp", "hunter3 ü", ada)
    assert secrets.names(project) == ["crm", "erp"]
    assert secrets.reveal(project, "erp") == secrets.reveal(project.pk, "erp") == "hunter3 ü"
    stored = bytes(Secret.objects.get(name="erp").ciphertext)
    assert b"hunter" not in stored
    lines = list(AuditEntry.objects.filter(action="secret.set").values_list("object", "data"))
    assert lines == [
        ("secret/erp", {"new": True}),
        ("secret/crm", {"new": True}),
        ("secret/erp", {"new": False}),
    ]


def test_the_same_value_never_looks_the_same(project, ada):
    secrets.put(project, "a", "same", ada)
    secrets.put(project, "b", "same", ada)
    first, second = (bytes(secret.ciphertext) for secret in Secret.objects.all())
    assert first != second


def test_a_secret_does_not_open_in_another_place(project, ada):
    other = people.create_project("sales", "Sales", ada)
    secrets.put(project, "erp", "hunter2", ada)
    Secret.objects.update(project=other)
    with pytest.raises(secrets.Unreadable, match="set it again"):
        secrets.reveal(other, "erp")


def test_another_secret_key_opens_nothing(project, ada):
    secrets.put(project, "erp", "hunter2", ada)
    with override_settings(SECRET_KEY="another"), pytest.raises(secrets.Unreadable):
        secrets.reveal(project, "erp")


def test_a_secret_can_be_deleted(project, ada):
    secrets.put(project, "erp", "hunter2", ada)
    secrets.delete(project, "erp", ada)
    for act in (lambda: secrets.reveal(project, "erp"), lambda: secrets.delete(project, "erp", ada)):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "x"),
        ("a b", "x"),
        ("a" * 101, "x"),
        ("-a", "x"),
        ("erp", ""),
        ("erp", "a\0"),
        ("erp", 3),
        ("erp", "x" * 10_001),
    ],
)
def test_a_name_or_value_that_cannot_be_kept_is_refused(project, ada, name, value):
    with pytest.raises(Refused) as refused:
        secrets.put(project, name, value, ada)
    assert "xxxx" not in str(refused.value)
