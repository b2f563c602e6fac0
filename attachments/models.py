"""What people bring: the bytes, once for each content and owner, and the labels that point to them.

An `Attachment` is what a person added to a message: a name, and the file behind it. A `StoredFile` is that
content with all that is known of it; `DerivedFile`s were made from it and can be made again. `UpstreamFile`
remembers copies at the model service, also after the file here is gone, so that they can be deleted there.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from . import sentences
from .names import NAME_CHARACTERS

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class Kind(models.TextChoices):
    IMAGE = "image", _("Image")
    VIDEO = "video", _("Video")
    DOCUMENT = "document", _("Document")


class Status(models.TextChoices):
    """`failed` keeps the reason for the person who waits for it; its bytes are gone."""

    PROCESSING = "processing", _("Processing")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class StoredFile(models.Model):
    """One content of one owner. `sha256` is of the upload; `path` names what is kept in the storage.

    Of an image and a video a cleaned copy is kept, of a document the upload itself. `size` is the
    upload's, `stored_size` the storage's; `content_type` is what is served. `details` holds what only some
    formats have: fps, codec, alpha, text_characters, text_layer … `claimed` is when work on it last began.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stored_files"
    )
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    format = models.CharField(max_length=10)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    stored_size = models.PositiveBigIntegerField(default=0)
    path = models.CharField(max_length=120, blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.PROCESSING
    )
    error = models.CharField(_("error"), max_length=40, blank=True)
    error_facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True)
    frames = models.PositiveIntegerField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    details: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )
    claimed = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    derived: RelatedManager[DerivedFile]
    attachments: RelatedManager[Attachment]
    upstream: RelatedManager[UpstreamFile]

    class Meta:
        verbose_name = _("stored file")
        verbose_name_plural = _("stored files")
        constraints = [
            models.UniqueConstraint(fields=["owner", "sha256"], name="stored_file_content"),
        ]
        indexes = [
            models.Index(
                fields=["claimed"],
                condition=models.Q(status="processing"),
                name="stored_file_processing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.sha256[:12]}"

    @property
    def is_ready(self) -> bool:
        return self.status == Status.READY

    @property
    def is_inline(self) -> bool:
        """Whether a browser may show it in place: what this server re-encoded or verified."""
        return self.kind == Kind.IMAGE or (
            self.kind == Kind.VIDEO and bool(self.details.get("playable"))
        )

    @property
    def has_text(self) -> bool:
        return bool(self.details.get("text_layer"))


class Made(models.TextChoices):
    """What is made from a file. `number`: a frame's milliseconds, a page, the pixels of a sized image."""

    THUMBNAIL = "thumbnail", _("Thumbnail")
    FRAME = "frame", _("Frame")
    TEXT = "text", _("Text")
    PAGE = "page", _("Page")
    SIZED = "sized", _("Sized image")


class DerivedFile(models.Model):
    """Made from a stored file, by one step of the pipeline, and makeable again."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="derived")
    kind = models.CharField(max_length=10, choices=Made.choices)
    number = models.PositiveBigIntegerField(default=0)
    path = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(default=0)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("derived file")
        verbose_name_plural = _("derived files")
        constraints = [
            models.UniqueConstraint(fields=["file", "kind", "number"], name="derived_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Attachment(models.Model):
    """What a person added: a label, and the content behind it. What the content is, the file knows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="attachments",
        verbose_name=_("person"),
    )
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(_("name"), max_length=NAME_CHARACTERS)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [
            models.Index(fields=["owner", "-created"], name="attachment_newest"),
            models.Index(fields=["owner", "name"], name="attachment_name"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return reverse("attachment", args=[self.id])

    @property
    def kind(self) -> str:
        return self.file.kind

    @property
    def status(self) -> str:
        return self.file.status

    @property
    def size(self) -> int:
        return self.file.size

    @property
    def content_type(self) -> str:
        return self.file.content_type

    @property
    def width(self) -> int | None:
        return self.file.width

    @property
    def height(self) -> int | None:
        return self.file.height

    @property
    def duration(self) -> float | None:
        return self.file.duration

    @property
    def frames(self) -> int | None:
        return self.file.frames

    @property
    def pages(self) -> int | None:
        return self.file.pages

    @property
    def details(self) -> dict[str, Any]:
        return self.file.details

    @property
    def is_ready(self) -> bool:
        return self.file.is_ready

    @property
    def error(self) -> sentences.Trouble | None:
        """What went wrong, in the language of now; None while nothing did."""
        if self.file.status != Status.FAILED:
            return None
        return sentences.trouble(self.file.error, self.file.error_facts)

    @property
    def thumbnail_url(self) -> str | None:
        if not self.is_ready or not self.details.get("thumbnail"):
            return None
        return reverse("attachment_thumbnail", args=[self.id])

    def as_json(self) -> dict[str, Any]:
        """As the public interface has it (docs/protocol.md), with `details` beside it."""
        error = self.error
        return {
            "id": str(self.id),
            "kind": self.kind,
            "name": self.name,
            "size": self.size,
            "content_type": self.content_type,
            "status": self.status,
            "width": self.width,
            "height": self.height,
            "duration": self.duration,
            "frames": self.frames,
            "pages": self.pages,
            "url": self.get_absolute_url(),
            "thumbnail_url": self.thumbnail_url,
            "error": error.as_json() if error else None,
            "details": self.details,
        }


class UpstreamStatus(models.TextChoices):
    UPLOADING = "uploading", _("Uploading to the model service")
    PARSING = "parsing", _("Being read by the model service")
    READY = "ready", _("Ready at the model service")
    FAILED = "failed", _("Refused by the model service")
    EXPIRED = "expired", _("Gone at the model service")
    UNWANTED = "unwanted", _("To be deleted at the model service")


class UpstreamFile(models.Model):
    """A copy at the model service, for one account there. Without a `file` it only waits to be deleted."""

    file = models.ForeignKey(
        StoredFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="upstream"
    )
    account = models.CharField(max_length=64)
    upstream_id = models.CharField(max_length=200, blank=True)
    status = models.CharField(
        max_length=12, choices=UpstreamStatus.choices, default=UpstreamStatus.UPLOADING
    )
    error = models.CharField(max_length=200, blank=True)
    expires = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("copy at the model service")
        verbose_name_plural = _("copies at the model service")
        constraints = [
            models.UniqueConstraint(fields=["file", "account"], name="upstream_file_once"),
        ]
        indexes = [
            models.Index(
                fields=["account"],
                condition=models.Q(status="unwanted"),
                name="upstream_file_unwanted",
            ),
        ]

    def __str__(self) -> str:
        return self.upstream_id or str(self.pk)
