"""Addresses of the shell: start, signing in and out, the account, a project's home and its runs."""

from django.urls import path

from runs.views.shell import account, home, palette, run_list, sign_in, welcome

urlpatterns = [
    path("", home.home_show, name="home"),
    path("sign-in/", sign_in.sign_in_create, name="sign-in"),
    path("sign-in/<str:token>/", sign_in.link_redeem, name="sign-in-link"),
    path("sign-out/", sign_in.sign_in_destroy, name="sign-out"),
    path("account/", account.account_show, name="account"),
    path("account/profile/", account.profile_update, name="account-profile"),
    path("account/password/", account.password_update, name="account-password"),
    path("account/appearance/", account.appearance_update, name="account-appearance"),
    path("account/tokens/", account.token_create, name="account-tokens"),
    path("account/tokens/<opaque:token>/deletion/", account.token_destroy, name="account-token-deletion"),
    path("projects/<a-slug:project>/", home.project_show, name="project-home"),
    path("projects/<a-slug:project>/palette/", palette.palette_show, name="palette"),
    path("projects/<a-slug:project>/welcome/", welcome.welcome_show, name="welcome"),
    path("projects/<a-slug:project>/welcome/dismissal/", welcome.welcome_dismiss, name="welcome-dismissal"),
    path("projects/<a-slug:project>/runs/", run_list.run_list, name="run-list"),
]
