"""The ground floor: may this happen?"""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
