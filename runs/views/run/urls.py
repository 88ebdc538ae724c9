"""Addresses of one run: its page, its steps, what is asked of it, and what its page's script reads."""

from django.urls import include, path

from runs.views.run import acting, deciding, forking, journal, page, revealing, trace

STEP = "steps/<slug:node>/<number:iteration>/"

of_a_run = [
    path("", page.run_show, name="run"),
    path("about/", page.about_show, name="run-about"),
    path("head/", page.head_show, name="run-head"),
    path(STEP, page.step_show, name="run-step"),
    path(f"{STEP}<int:item>/", page.step_show, name="run-step"),
    path(f"{STEP}calls/", trace.call_list, name="run-calls"),
    path(f"{STEP}<int:item>/calls/", trace.call_list, name="run-calls"),
    path("steps/", trace.step_list, name="run-steps"),
    path("events/", trace.event_list, name="run-events"),
    path("journal/", journal.journal_show, name="run-journal"),
    path("cancellation/", acting.cancellation_create, name="run-cancellation"),
    path("retries/", acting.retry_create, name="run-retry"),
    path("forks/", forking.fork_create, name="run-fork"),
    path("reveal/", revealing.reveal_create, name="run-reveal"),
    path("feedback/", acting.feedback_create, name="run-feedback"),
    path("approvals/<opaque:approval_id>/decision/", deciding.decision_create, name="run-decision"),
]

urlpatterns = [path("runs/<opaque:run_id>/", include(of_a_run))]
