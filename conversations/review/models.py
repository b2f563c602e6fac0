"""What reviewers leave behind: their reviews, and the record of what they opened.

The record is append-only: rows hold plain values instead of references, so nothing that happens to
a person or a conversation touches them; the model refuses changes, and so do triggers in the
database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTE_CHARACTERS = 4000


class Review(models.Model):
    """One reviewer's look at a conversation as it stood when it had `messages` messages."""

    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.CASCADE, related_name="reviews"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="reviews"
    )
    reviewer_name = models.CharField(_("reviewer"), max_length=150)
    messages = models.PositiveIntegerField(_("messages"))
    note = models.TextField(_("note"), blank=True, max_length=NOTE_CHARACTERS)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ("-created", "-id")

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.reviewer_name}"


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete a row of the record."""


def refuse(*args: object, **kwargs: object) -> Never:
    raise AppendOnlyError("The record of openings can be added to, not changed.")


class AppendOnly(models.QuerySet["Opening"]):
    update = refuse
    delete = refuse
    bulk_update = refuse
    update_or_create = refuse
    _raw_delete = refuse
    _update = refuse

    def bulk_create(
        self, objs: Iterable[Opening], *args: Any, ignore_conflicts: bool = False, **kwargs: Any
    ) -> list[Opening]:
        """Adds rows; without the arguments that would turn a conflict into a change."""
        if kwargs.get("update_conflicts") or ignore_conflicts:
            refuse()
        return super().bulk_create(objs, *args)


class Opening(models.Model):
    """Who of the staff opened what of whom, when and from where."""

    class What(models.TextChoices):
        TRANSCRIPT = "transcript", _("Transcript")
        REQUESTS = "requests", _("Requests")
        SHARE_ENDED = "share_ended", _("Shared link ended")

    reader = models.BigIntegerField(_("reader's number"))
    reader_name = models.CharField(_("reader"), max_length=150)
    owner = models.BigIntegerField(_("person's number"))
    owner_name = models.CharField(_("person"), max_length=150)
    conversation = models.UUIDField(_("conversation"))
    message = models.UUIDField(_("message"), null=True)
    what = models.CharField(_("opened"), max_length=20, choices=What.choices)
    address = models.CharField(_("address"), max_length=45)
    when = models.DateTimeField(_("when"), auto_now_add=True)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = _("opening")
        verbose_name_plural = _("openings")
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["conversation", "-id"], name="opening_conversation"),
            models.Index(fields=["owner", "-id"], name="opening_owner"),
            models.Index(fields=["reader", "-id"], name="opening_reader"),
        ]

    def __str__(self) -> str:
        return f"{self.reader_name} {self.what} {self.conversation}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            refuse()
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        refuse()
