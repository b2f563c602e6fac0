"""What is said: conversations, the tree of their messages, and the requests that made each answer.

Fields and facts about one row live here. Verbs are in `actions`, the tree's logic in `tree`, who may see
what in `access`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from attachments.models import Attachment
from attachments.names import NAME_CHARACTERS

from .fields import WrittenJSON

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

TITLE_CHARACTERS = 200


class Conversation(models.Model):
    """One person's thread with the models.

    `leaf` ends the branch that is shown; `updated` orders the sidebar and moves with messages only, so a
    new title does not reorder it. `next_number` hands out the messages' numbers, under a row lock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="conversations",
        verbose_name=_("person"),
    )
    title = models.CharField(_("title"), max_length=TITLE_CHARACTERS, blank=True)
    title_is_manual = models.BooleanField(default=False)
    leaf = models.ForeignKey(
        "Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    model = models.CharField(_("model"), max_length=100, blank=True)
    system = models.TextField(_("system prompt"), blank=True)
    tools: models.JSONField[list[str], list[str]] = models.JSONField(default=list, blank=True)
    next_number = models.PositiveIntegerField(default=1)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"))

    messages: RelatedManager[Message]

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(fields=["owner", "-updated", "-id"], name="conversation_sidebar"),
            models.Index(fields=["-updated"], name="conversation_updated"),
        ]
        permissions = [
            ("review_conversation", _("Can read and review other people's conversations"))
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return reverse("conversation", args=[self.id])

    @property
    def is_generating(self) -> bool:
        """Whether an answer of any branch is being written; asks the database."""
        return self.messages.filter(status__in=RUNNING).exists()


class Role(models.TextChoices):
    USER = "user", _("Person")
    ASSISTANT = "assistant", _("Model")


class Status(models.TextChoices):
    """The states of an answer; a question is always complete."""

    QUEUED = "queued", _("Waiting")
    STREAMING = "streaming", _("Writing")
    COMPLETE = "complete", _("Complete")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")
    INTERRUPTED = "interrupted", _("Interrupted")


RUNNING = (Status.QUEUED, Status.STREAMING)


class Message(models.Model):
    """A question, or an answer, in the tree: `parent` is what it follows, siblings are other attempts.

    An answer keeps its Markdown in `text`, the rendered `html` with the renderer's version, and what it
    took: `options` as the person chose them, token counts, times in milliseconds. While it runs, `worker`
    names the process that writes it and `heartbeat` the last sign of life.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies"
    )
    number = models.PositiveIntegerField()
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    text = models.TextField(_("text"), blank=True)
    reasoning = models.TextField(blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.COMPLETE
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    # ---- an answer ----
    model = models.CharField(_("model"), max_length=100, blank=True)
    options = models.JSONField(default=dict, blank=True)
    html = models.TextField(blank=True)
    render_version = models.PositiveIntegerField(default=0)
    finish_reason = models.CharField(max_length=40, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_about = models.CharField(max_length=NAME_CHARACTERS, blank=True)
    retry_after = models.PositiveIntegerField(null=True, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    cached_tokens = models.PositiveIntegerField(null=True, blank=True)
    reasoning_tokens = models.PositiveIntegerField(null=True, blank=True)
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)
    reasoning_ms = models.PositiveIntegerField(null=True, blank=True)
    total_ms = models.PositiveIntegerField(null=True, blank=True)
    sources: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list, blank=True
    )
    searched = models.BooleanField(default=False)  # the service counted a search, sources or not
    context_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    # ---- while it runs ----
    seq = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    stop_requested = models.BooleanField(default=False)

    rounds: RelatedManager[Round]
    attached: RelatedManager[MessageAttachment]
    recognitions: RelatedManager[Recognition]
    calls: RelatedManager[ToolCall]

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="message_number"),
        ]
        indexes = [
            models.Index(
                fields=["heartbeat"],
                condition=models.Q(status__in=["queued", "streaming"]),
                name="message_running",
            ),
            models.Index(fields=["model"], name="message_model"),
            models.Index(fields=["status"], name="message_status"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.number} {self.id}"

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    @property
    def can_continue(self) -> bool:
        """Whether `continue` may go on with this answer: it was cut, and by something that is over."""
        return self.role == Role.ASSISTANT and (
            self.status in (Status.STOPPED, Status.INTERRUPTED)
            or (self.status == Status.COMPLETE and self.finish_reason == "length")
        )


class MessageAttachment(models.Model):
    """What a person added to a question, and how it reaches the model.

    `delivery` holds what was chosen or decided for it, in the terms of the option `deliveries`
    (docs/protocol.md): `as`, and where they apply `times`, `pages`, `max_pixels`, `turn`, `box`, `shorten`.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attached")
    # Restricted: an attachment goes after its messages, or with its owner, never from under them.
    attachment = models.ForeignKey(
        Attachment, on_delete=models.RESTRICT, related_name="in_messages"
    )
    position = models.PositiveSmallIntegerField()
    delivery: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )

    class Meta:
        verbose_name = _("attachment of a message")
        verbose_name_plural = _("attachments of messages")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="attached_position"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.attachment_id}"


class Recognition(models.Model):
    """What was read on one page (a picture is one page) for an answer whose task is OCR.

    `words` are `{"text", "location": [x1, y1, … x4, y4], "rotate_rect": [cx, cy, w, h, angle]}` in pixels
    of the picture, `width` times `height`, that the model looked at; `fields` is what key information
    extraction found. A page with an `error_code` was not read.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="recognitions")
    attachment = models.ForeignKey(
        Attachment, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    position = models.PositiveSmallIntegerField()
    page = models.PositiveIntegerField(default=1)
    task = models.CharField(max_length=40, blank=True)
    text = models.TextField(blank=True)
    words: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list, blank=True
    )
    fields: Any = WrittenJSON(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    total_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("page that was read")
        verbose_name_plural = _("pages that were read")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="recognition_position"),
        ]

    def __str__(self) -> str:
        return f"page {self.page}"


class CallStatus(models.TextChoices):
    """`waiting` is for a person's approval; what comes after `running` is final."""

    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting for you")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    REFUSED = "refused", _("Refused")
    CANCELLED = "cancelled", _("Stopped")


class ToolCall(models.Model):
    """A call that the model made in one round of an answer, and what became of it.

    `arguments` is JSON text as the model wrote it; `edited` are those that the person put in their place.
    `code` is why it did not end as done, or what is asked while it waits (`qwenchat.tools.running.Code`), or
    "lost" when its process ended while it ran. `expires` is until when a waiting call may be approved,
    `decision` what its person said. `by_service`: a program that the model service ran by itself, with its
    code as the argument; it was no call of a function, so it is never run here and never told to a model as
    one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="calls")
    round = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    call_id = models.CharField(max_length=200)
    name = models.CharField(max_length=64)
    title = models.CharField(max_length=200, blank=True)
    origin = models.CharField(max_length=200, blank=True)
    arguments = models.TextField(blank=True)
    edited: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        null=True, blank=True
    )
    side_effects = models.BooleanField(default=False)
    status = models.CharField(max_length=12, choices=CallStatus.choices, default=CallStatus.RUNNING)
    code = models.CharField(max_length=20, blank=True)
    result = models.TextField(blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    expires = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=10, blank=True)
    by_service = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("tool call")
        verbose_name_plural = _("tool calls")
        ordering = ["round", "position"]
        constraints = [
            models.UniqueConstraint(fields=["message", "round", "position"], name="call_position"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"

    @property
    def is_final(self) -> bool:
        return self.status not in (CallStatus.RUNNING, CallStatus.WAITING)

    @property
    def is_waiting(self) -> bool:
        return self.status == CallStatus.WAITING


class Round(models.Model):
    """One request to the model service that helped to make an answer, exactly as it was sent.

    `body` is the JSON body; the key is in no field. Times are milliseconds from the request's start. `text`
    and `reasoning` are what came before the round's tool calls, which later rounds repeat.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=8, default="POST")
    path = models.CharField(max_length=200)
    body = models.JSONField()
    model = models.CharField(max_length=100, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    response_id = models.CharField(max_length=100, blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.TextField(blank=True)
    text = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    cached_tokens = models.PositiveIntegerField(null=True, blank=True)
    reasoning_tokens = models.PositiveIntegerField(null=True, blank=True)
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)
    total_ms = models.PositiveIntegerField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="round_number"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} #{self.number}"


class Command(models.Model):
    """The idempotency key of a command that stored something, with the `ack` that answered it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="commands"
    )
    request = models.CharField(max_length=64)
    ack: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "request"], name="command_request"),
        ]

    def __str__(self) -> str:
        return self.request


# Models of these rooms belong to this app: Django finds them through this module.
from .review.models import Opening, Review  # noqa: E402, F401 -- they name ours
from .sharing.models import Share  # noqa: E402, F401
from .toolbox.models import ToolServer  # noqa: E402, F401
