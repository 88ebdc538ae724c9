"""Addresses of the registry pages: agents, tools and providers."""

from django.urls import path

from runs.views.registry import agents, providers, tool_test, tools, trials

IN_PROJECT = "projects/<a-slug:project>"
AGENTS, TOOLS, PROVIDERS = (f"{IN_PROJECT}/{kinds}/" for kinds in ("agents", "tools", "providers"))
AGENT, TOOL, PROVIDER = (f"{above}<a-slug:slug>/" for above in (AGENTS, TOOLS, PROVIDERS))

urlpatterns = [
    path(AGENTS, agents.agent_list, name="agent-list"),
    path(f"{AGENTS}new/", agents.agent_new, name="agent-new"),
    path(AGENT, agents.agent_show, name="agent"),
    path(f"{AGENT}trial/", trials.agent_trial, name="agent-trial"),
    path(f"{AGENT}trial/<opaque:run_id>/", trials.trial_show, name="agent-trial-run"),
    path(f"{AGENT}archival/", agents.agent_archive, name="agent-archive"),
    path(TOOLS, tools.tool_list, name="tool-list"),
    path(f"{TOOLS}new/", tools.tool_new, name="tool-new"),
    path(TOOL, tools.tool_show, name="tool"),
    path(f"{TOOL}test/", tool_test.tool_test, name="tool-test"),
    path(f"{TOOL}secrets/", tools.secret_update, name="tool-secret"),
    path(f"{TOOL}archival/", tools.tool_archive, name="tool-archive"),
    path(PROVIDERS, providers.provider_list, name="provider-list"),
    path(f"{PROVIDERS}new/", providers.provider_new, name="provider-new"),
    path(PROVIDER, providers.provider_show, name="provider"),
    path(f"{PROVIDER}test/", providers.provider_test, name="provider-test"),
    path(f"{PROVIDER}archival/", providers.provider_archive, name="provider-archive"),
]
