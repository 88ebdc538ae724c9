"""Addresses of the pages of policies. `simulation` is a reserved slug: no policy stands behind it."""

from django.urls import path

from runs.views.policies import creation, facts, policy, policy_list, simulation

POLICIES = "projects/<a-slug:project>/policies/"
POLICY = f"{POLICIES}<a-slug:slug>/"

urlpatterns = [
    path(POLICIES, policy_list.policy_list, name="policies"),
    path(f"{POLICIES}new/", creation.policy_new, name="policy-new"),
    path(f"{POLICIES}simulation/", simulation.simulation_show, name="policy-simulation"),
    path(f"{POLICIES}simulation/facts/", facts.fact_list, name="policy-facts"),
    path(POLICY, policy.policy_show, name="policy"),
    path(f"{POLICY}archival/", policy.policy_archive, name="policy-archive"),
    path(f"{POLICY}restoration/", policy.policy_restore, name="policy-restore"),
]
