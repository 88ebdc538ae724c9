"""Addresses of the pages of budgets."""

from django.urls import path

from runs.views.budgets import budget, budget_list, creation

BUDGETS = "projects/<a-slug:project>/budgets/"
BUDGET = f"{BUDGETS}<a-slug:slug>/"

urlpatterns = [
    path(BUDGETS, budget_list.budget_list, name="budgets"),
    path(f"{BUDGETS}new/", creation.budget_new, name="budget-new"),
    path(BUDGET, budget.budget_show, name="budget"),
    path(f"{BUDGET}limit/", budget.limit_update, name="budget-limit"),
    path(f"{BUDGET}archival/", budget.budget_archive, name="budget-archive"),
    path(f"{BUDGET}restoration/", budget.budget_restore, name="budget-restore"),
]
