"""Addresses of a project's settings."""

from django.urls import path

from runs.views.settings import groups, members, project, secrets, tokens

SETTINGS = "projects/<a-slug:project>/settings/"
MEMBER, GROUP = f"{SETTINGS}members/<number:member>/", f"{SETTINGS}groups/<a-slug:group>/"

urlpatterns = [
    path(SETTINGS, project.settings_show, name="project-settings"),
    path(f"{SETTINGS}members/", members.member_list, name="members"),
    path(MEMBER, members.member_show, name="member"),
    path(f"{MEMBER}removal/", members.member_remove, name="member-removal"),
    path(f"{SETTINGS}groups/", groups.group_list, name="groups"),
    path(GROUP, groups.group_show, name="group"),
    path(f"{GROUP}deletion/", groups.group_delete, name="group-deletion"),
    path(f"{SETTINGS}tokens/", tokens.token_list, name="project-tokens"),
    path(f"{SETTINGS}tokens/<opaque:token>/deletion/", tokens.token_destroy, name="project-token-deletion"),
    path(f"{SETTINGS}secrets/", secrets.secret_list, name="project-secrets"),
    path(f"{SETTINGS}secrets/deletion/", secrets.secret_delete, name="project-secret-deletion"),
]
