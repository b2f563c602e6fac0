"""The row behind a link."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from conversations.fields import WrittenJSON

if TYPE_CHECKING:
    from .frozen import Frozen

TITLE_CHARACTERS = 200  # as a conversation's, which it is a copy of


def new_token() -> str:
    """192 random bits as 32 letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(24)


class Share(models.Model):
    """A frozen copy of one branch, for whoever has its link. Ending it deletes the row, copy and all.

    The token is kept as it is, so that its owner can copy the link again; the copy lies beside it, so a
    digest would hide nothing from whoever reads this table. It is looked up by a unique index: what that
    tells by its timing is far below what a guess of 192 bits would have to learn. Readers are not counted:
    reading writes nothing, and a messenger that looks at a link before a person does would count as one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.CASCADE, related_name="shares"
    )
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    title = models.CharField(_("title"), max_length=TITLE_CHARACTERS, blank=True)
    with_thinking = models.BooleanField(default=False)
    with_details = models.BooleanField(default=False)
    with_files = models.BooleanField(default=False)
    frozen: models.Field[Frozen, Frozen] = WrittenJSON()
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["expires"], name="share_expires")]

    def __str__(self) -> str:
        return str(self.id)  # never the token: this ends in logs

    def get_absolute_url(self) -> str:
        return reverse("share", args=[self.token])
