"""Endpoints that try things out: check a flow, call a provider's model once, call a tool once."""

from rest_framework.response import Response

from flows.check import check_document
from flows.estimate import estimate
from governance import documents
from registry import trial
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.shapes import documents as shapes
