"""Addresses of the flows pages."""

from django.urls import path

from runs.views.flows import adviser, archiving, beginning, creation, flow_list, gallery

FLOWS = "projects/<a-slug:project>/flows/"
GALLERY = "projects/<a-slug:project>/gallery/"
ADVISER = "projects/<a-slug:project>/adviser/"

urlpatterns = [
    path(FLOWS, flow_list.flow_list, name="flow-list"),
    path(f"{FLOWS}new/", creation.flow_new, name="flow-new"),
    path(f"{FLOWS}<a-slug:flow>/archival/", archiving.archival_create, name="flow-archive"),
    path(f"{FLOWS}<a-slug:flow>/restoration/", archiving.restoration_create, name="flow-restore"),
    path(f"{FLOWS}gallery/", gallery.gallery_sought, name="gallery-sought"),
    path(GALLERY, gallery.gallery_show, name="gallery"),
    path(ADVISER, adviser.adviser_show, name="adviser"),
    path(f"{ADVISER}<a-slug:pattern>/", beginning.beginning_create, name="beginning"),
    path(f"{GALLERY}<a-slug:starter>/", gallery.gallery_flow, name="gallery-flow"),
]
