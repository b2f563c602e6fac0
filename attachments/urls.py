"""The routes of files. docs/protocol.md is their public description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseNotAllowed
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from .views import addresses, files, listing, previews

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


@csrf_exempt
def collection(request: HttpRequest) -> HttpResponseBase:
    """The page of all files, or an upload; the upload's own view checks the token."""
    if request.method == "POST":
        return files.upload(request)
    if request.method in ("GET", "HEAD"):
        return listing.listing(request)
    return HttpResponseNotAllowed(["GET", "HEAD", "POST"])


urlpatterns = [
    path("", collection, name="attachments"),
    path("from-url/", addresses.from_url, name="attachment_from_url"),
    path("<uuid:attachment>/", files.attachment, name="attachment"),
    path("<uuid:attachment>/thumbnail/", files.thumbnail, name="attachment_thumbnail"),
    path("<uuid:attachment>/preview/", previews.preview, name="attachment_preview"),
    path("<uuid:attachment>/text/", files.text, name="attachment_text"),
    path("<uuid:attachment>/pages/<int:number>/", files.page_image, name="attachment_page"),
    path("<uuid:attachment>/frames/", files.frames, name="attachment_frames"),
    path("<uuid:attachment>/frames/<int:number>/", files.frame, name="attachment_frame"),
    path("<uuid:attachment>/delete/", files.delete, name="attachment_delete"),
]
