"""Addresses of the versions pages: history and comparison, publication, activations."""

from django.urls import path

from runs.views.versions import activation, history, publication

DOCUMENT = "projects/<a-slug:project>/<kinds:kinds>/<a-slug:slug>/"

urlpatterns = [
    path(f"{DOCUMENT}versions/", history.version_list, name="versions"),
    path(f"{DOCUMENT}publication/", publication.publication_create, name="publication"),
    path(f"{DOCUMENT}activations/", activation.activation_create, name="activations"),
]
