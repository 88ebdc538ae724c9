"""The record of who did what stands and falls with the act."""

import pytest
from django.db import transaction

from governance import audit
from governance.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("actor", "shown"), [(None, "system"), ("serve", "serve")])
def test_who_acted_is_named(project, actor, shown):
    entry = audit.record("project.check", "project/support", actor, project, {"text": "a\0"})
    assert (entry.actor, AuditEntry.objects.get(pk=entry.pk).data) == (shown, {"text": "a\0"})


def test_an_act_that_is_undone_leaves_no_line(project, ada):
    before = AuditEntry.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("project.check", "project/support", ada, project)
        raise RuntimeError
    assert AuditEntry.objects.count() == before
