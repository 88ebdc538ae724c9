"""Addresses of the pages of privacy rules. `scan` is a reserved slug: no document stands behind it."""

from django.urls import path

from runs.views.privacy import privacy, privacy_list, trial

PRIVACY = "projects/<a-slug:project>/privacy/"
DOCUMENT = f"{PRIVACY}<a-slug:slug>/"

urlpatterns = [
    path(PRIVACY, privacy_list.privacy_list, name="privacy-list"),
    path(f"{PRIVACY}new/", privacy_list.privacy_new, name="privacy-new"),
    path(f"{PRIVACY}scan/", trial.trial_show, name="privacy-try"),
    path(DOCUMENT, privacy.privacy_show, name="privacy-document"),
    path(f"{DOCUMENT}archival/", privacy.privacy_archive, name="privacy-archive"),
]
