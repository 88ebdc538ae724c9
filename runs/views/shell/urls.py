"""Addresses of the shell: start, signing in and out, the account, a project's home and its runs."""

from django.urls import path

from runs.views.shell import account, home, sign_in

urlpatterns = [
    path("", home.home_show, name="home"),
    path("sign-in/", sign_in.sign_in_create, name="sign-in"),
    path("sign-in/<str:token>/", sign_in.link_redeem, name="sign-in-link"),
    path("sign-out/", sign_in.sign_in_destroy, name="sign-out"),
    path("account/", account.account_show, name="account"),
    path("projects/<str:project>/", home.project_show, name="project-home"),
]
