"""The page at the root: where the API is described."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def home_show(request: HttpRequest) -> HttpResponse:
    return render(request, "runs/home.html")
