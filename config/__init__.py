"""The composition root: settings, addresses, and the applications that servers start."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
