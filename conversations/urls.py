"""The routes of the conversations. docs/protocol.md is their public description."""

from __future__ import annotations

from django.urls import path

from .views import (
    changes,
    exports,
    inspection,
    pages,
    pictures,
    plan,
    recognition,
    shared,
    shares,
    sidebar,
)

urlpatterns = [
    path("", pages.new_chat, name="new_chat"),
    path("conversations/", pages.conversations, name="conversations"),
    path("c/<uuid:conversation>/", pages.conversation, name="conversation"),
    path("c/<uuid:conversation>/thread/", pages.thread, name="conversation_thread"),
    path("c/<uuid:conversation>/menu/", sidebar.menu, name="conversation_menu"),
    path("c/<uuid:conversation>/branch/", changes.branch, name="conversation_branch"),
    path("c/<uuid:conversation>/rename/", changes.rename, name="conversation_rename"),
    path("c/<uuid:conversation>/delete/", changes.delete, name="conversation_delete"),
    path("c/<uuid:conversation>/export/", exports.export, name="conversation_export"),
    path("c/<uuid:conversation>/share/", shares.shares, name="conversation_shares"),
    path("c/<uuid:conversation>/share/<uuid:share>/end/", shares.end, name="share_end"),
    path("s/<slug:token>/", shared.page, name="share"),
    path("s/<slug:token>/files/<int:number>/", shared.file, name="share_file"),
    path("s/<slug:token>/files/<int:number>/preview/", shared.preview, name="share_preview"),
    path("plan/", plan.plan, name="plan"),
    path("messages/<uuid:message>/source/", inspection.source, name="message_source"),
    path("messages/<uuid:message>/request/", inspection.request_made, name="message_request"),
    path("messages/<uuid:message>/pictures/", pictures.pictures, name="message_pictures"),
    path("messages/<uuid:message>/recognition/", recognition.recognition, name="recognition"),
    path(
        "messages/<uuid:message>/recognition/csv/",
        recognition.recognition_csv,
        name="recognition_csv",
    ),
    path(
        "messages/<uuid:message>/recognition/json/",
        recognition.recognition_json,
        name="recognition_json",
    ),
]
