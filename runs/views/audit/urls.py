"""Addresses of the audit log: a project's, and that of the installation for its admins."""

from django.urls import path

from runs.views.audit import export, log, verification

PROJECT = "projects/<a-slug:project>/audit/"

urlpatterns = [
    path(PROJECT, log.audit_list, name="audit"),
    path(f"{PROJECT}export/", export.audit_export_show, name="audit-export"),
    path(f"{PROJECT}verification/", verification.verification_create, name="audit-verification"),
    path("audit/", log.audit_list, name="installation-audit"),
    path("audit/export/", export.audit_export_show, name="installation-audit-export"),
    path("audit/verification/", verification.verification_create, name="installation-audit-verification"),
]
