"""Addresses of the inbox: its list, an item of it, and the decision on that."""

from django.urls import path

from runs.views.approvals import deciding, page, revealing

urlpatterns = [
    path("projects/<a-slug:project>/approvals/", page.approval_list, name="approvals"),
    path("projects/<a-slug:project>/approvals/<opaque:approval_id>/", page.approval_show, name="approval"),
    path(
        "projects/<a-slug:project>/approvals/<opaque:approval_id>/reveal/",
        revealing.reveal_create,
        name="approval-reveal",
    ),
    path(
        "projects/<a-slug:project>/approvals/<opaque:approval_id>/decision/",
        deciding.decision_create,
        name="approval-decision",
    ),
]
