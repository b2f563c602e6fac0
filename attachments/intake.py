"""Taking a file in: judged, stored once for its content and owner, and given a label.

Every refusal leaves nothing behind: no row, no file. Source: threats 20, 21, 29.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from . import formats, pipeline, refusals, sniff, space, storing
from .decoding.unusable import Unusable
from .limits import bytes_of
from .models import Attachment, Status, StoredFile

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from .arriving import Staged
    from .workers import Found

logger = logging.getLogger(__name__)

# How long an upload's answer waits for a file to be ready, so that most are when it arrives.
PATIENCE_S = 1.5
OFFICE = ("docx", "pptx", "xlsx")


def accept(user: User, staged: Staged) -> Attachment:
    """The new attachment, ready or still being processed; `Refusal` when the file cannot be used."""
    if staged.size == 0:
        raise refusals.because("empty")
    try:
        return attach(user, staged)
    except Unusable as unusable:
        logger.info("an upload was refused", extra={"user": user.pk, "reason": unusable.reason})
        raise refusals.of(unusable) from unusable
    except Exception as error:
        if space.is_full(error):
            raise refusals.storage_full() from error
        raise


def attach(user: User, staged: Staged) -> Attachment:
    guess = first_guess(staged)
    kind = "document" if guess == "zip" else formats.FORMATS[guess].kind
    if staged.size > bytes_of(kind):
        raise Unusable("too_large", limit=bytes_of(kind) // 1_048_576)
    known = attach_to_known(user, staged)
    if known is not None:
        return known
    space.check_quota(user, staged.size)
    with pipeline.checked(staged.path, guess, kind) as found:
        format_id = str(found.facts.get("format", guess))
        must_agree(formats.FORMATS[format_id], staged.name)
        attachment = store(user, staged, format_id, found)
    if attachment.file.status == Status.PROCESSING:
        pipeline.start(attachment.file).wait(PATIENCE_S)
        attachment.file.refresh_from_db()
        refuse_failed(attachment)
    return attachment


def refuse_failed(attachment: Attachment) -> None:
    """A failure that is known before the answer is sent is the answer."""
    if attachment.file.status == Status.FAILED:
        reason, facts = attachment.file.error, attachment.file.error_facts
        attachment.delete()
        raise refusals.because(reason, **facts)


def first_guess(staged: Staged) -> str:
    """The format by content, held against the name; "zip" where only the check will tell."""
    family = sniff.family(staged.head)
    extension = formats.extension_of(staged.name)
    if family == "ole" and extension in OFFICE:
        raise Unusable("encrypted")  # how Office wraps what it encrypts
    if family == "zip":
        if extension not in (*OFFICE, "epub"):
            if formats.listed(staged.name):
                raise Unusable("type_mismatch", said=extension.upper(), found="ZIP")
            raise Unusable("unsupported_type")
        return "zip"
    if family == "text":
        found = formats.text_format(staged.name) or formats.FORMATS["text"]
    elif family in formats.FORMATS:
        found = formats.FORMATS[family]
    else:
        raise Unusable("unsupported_type")
    must_agree(found, staged.name)
    return found.id


def must_agree(found: formats.Format, name: str) -> None:
    if not formats.agrees(found, name):
        said = formats.extension_of(name).upper() or name
        raise Unusable("type_mismatch", said=said, found=found.title)


def attach_to_known(user: User, staged: Staged) -> Attachment | None:
    """A label on content that is here already, with all that was made of it; None if it is not."""
    with transaction.atomic():
        file = (
            StoredFile.objects.select_for_update()
            .filter(owner=user, sha256=staged.sha256)
            .exclude(status=Status.FAILED)
            .first()
        )
        if file is None:
            # What failed once may have failed for a passing reason: it begins anew.
            for failed in StoredFile.objects.filter(owner=user, sha256=staged.sha256):
                failed.delete()
            return None
        return Attachment.objects.create(owner=user, file=file, name=staged.name)


def store(user: User, staged: Staged, format_id: str, found: Found) -> Attachment:
    """Bytes into the storage, then the rows; two uploads of one content at once become one file."""
    kind = formats.FORMATS[format_id].kind
    whole = pipeline.way_of(format_id, kind) in pipeline.WHOLE
    file = StoredFile(
        owner=user,
        sha256=staged.sha256,
        kind=kind,
        format=format_id,
        content_type=formats.FORMATS[format_id].content_type,
        size=staged.size,
    )
    pipeline.take_facts(file, found.facts)
    if kind != "image":  # of an image only the copy is kept
        file.path, file.stored_size = storing.put(staged.path), staged.size
    try:
        with transaction.atomic():
            file.save(force_insert=True)
            attachment = Attachment.objects.create(owner=user, file=file, name=staged.name)
            if whole:
                pipeline.record(file, found)
    except IntegrityError:
        storing.remove(file.path)
        known = attach_to_known(user, staged)
        if known is None:
            raise
        return known
    except BaseException:
        storing.remove(file.path)
        raise
    return attachment
