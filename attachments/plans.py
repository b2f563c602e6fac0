"""By which ways an attachment can reach a model, what each takes, and why the others are closed.

Pure arithmetic over what is known of the file and of the model: nothing is read and nothing is sent. The
composer shows it, the server decides by it, and `deliver` then makes the bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qwenchat.dashscope import tokens

from . import sampling
from .limits import limits
from .models import Kind
from .wishes import Wish

if TYPE_CHECKING:
    from qwenchat.dashscope import Model

    from .models import Attachment
    from .wishes import Way

# Base64 adds a third; the service takes 10 MB encoded from every model (dashscope-api §4.1, §4.3).
DATA_URL_BYTES = 7 * 1024 * 1024
UPSTREAM_BYTES = 150 * 1024 * 1024
UPSTREAM_FORMATS = frozenset({"pdf", "docx", "xlsx", "epub", "csv", "json", "text", "code"})
# The service's list (§4.3); WebM is not on it, so WebM goes as frames.
VIDEO_FORMATS = frozenset({"mp4", "mov", "mkv", "avi", "flv", "wmv"})
VIDEO_SECONDS = 2  # the shortest that the service takes whole
# Of a model's window, the part that a document may fill: the rest is for the dialogue and the answer.
WINDOW_SHARE = 0.8
SMALLEST_SIDE_PX = 11  # models refuse smaller pictures (dashscope-api §4.1)
PAGE_SIZE = (1654, 2339)  # A4 at 200 dpi: what a page is taken for until it has been rendered
MOST_PAGE_PICTURES = 16  # of a PDF, looked at as pictures in one question


@dataclass(frozen=True, slots=True)
class Plan:
    """One way. `reason` is None when it can be gone; else a code that `sentence` explains.

    `tokens` is an estimate, None where only the service can count. `count` is frames or pages, `shortened`
    the tokens that are sent of a longer text.
    """

    way: Way
    tokens: int | None = None
    count: int | None = None
    reason: str | None = None
    limit: int | None = None
    shortened: bool = False

    @property
    def is_possible(self) -> bool:
        return self.reason is None

    @property
    def sentence(self) -> str:
        """Why it cannot be gone, for the person; "" when it can."""
        return explain(self.reason, self.limit) if self.reason else ""


def plans(
    attachment: Attachment, model: Model, wish: Wish | None = None, *, task: str = "chat"
) -> list[Plan]:
    """Every way for this kind of file, the best possible one first, impossible ones last."""
    wish = wish or Wish()
    ways = ways_for(attachment, task)
    if not attachment.is_ready:
        return [Plan(way, reason="not_ready") for way in ways]
    found = [MAKERS[way](attachment, model, wish) for way in ways]
    return sorted(found, key=lambda plan: not plan.is_possible)


def ways_for(attachment: Attachment, task: str) -> list[Way]:
    if task == "ocr":
        return ["ocr"]
    match attachment.kind:
        case Kind.IMAGE:
            return ["image"]
        case Kind.VIDEO:
            return ["frames", "video"]
    return ["file", "text", "image"] if attachment.file.format == "pdf" else ["file", "text"]


def chosen(
    attachment: Attachment, model: Model, wish: Wish | None = None, *, task: str = "chat"
) -> Plan:
    """The way that is taken: the wished one, possible or not; else the best; else one that is closed."""
    found = plans(attachment, model, wish, task=task)
    wished = wish.way if wish else None
    if wish and wished is None and (wish.times or wish.count):
        wished = "frames"  # who picks frames does not want the whole video instead
    if wished is not None and (plan := next((p for p in found if p.way == wished), None)):
        return plan
    # Where no way is open, the one that the person could open tells more than what the model lacks.
    return next((plan for plan in found if not (plan.reason or "").startswith("model_")), found[0])


def image_plan(attachment: Attachment, model: Model, wish: Wish) -> Plan:
    """A picture, or the pages of a PDF as pictures."""
    if model.vision is None or "image" not in model.inputs:
        return Plan("image", reason="model_no_images")
    if model.group == "ocr":
        return Plan("image", reason="model_only_ocr")
    if attachment.kind == Kind.IMAGE:
        if min(size_of(attachment, wish)) < SMALLEST_SIDE_PX:
            return Plan("image", reason="cut_too_small", limit=SMALLEST_SIDE_PX)
        least, most = pixels_of(model, wish)
        asked = [pixels for pixels in (least, most) if pixels is not None]
        if any(pixels > model.vision.max_pixels for pixels in asked):
            return Plan("image", reason="too_many_pixels", limit=model.vision.max_pixels)
        if any(pixels < model.vision.smallest_pixels for pixels in asked):
            return Plan("image", reason="too_few_pixels", limit=model.vision.smallest_pixels)
        if least is not None and most is not None and least > most:
            return Plan("image", reason="pixels_crossed")
        return Plan("image", tokens=image_tokens(attachment, model, wish), count=1)
    pages = len(pages_of(attachment, wish))
    if pages > MOST_PAGE_PICTURES:
        return Plan("image", count=pages, reason="too_many_pages", limit=MOST_PAGE_PICTURES)
    each = tokens.image_tokens(model, *PAGE_SIZE)
    return Plan("image", tokens=pages * each, count=pages)


def image_tokens(attachment: Attachment, model: Model, wish: Wish) -> int:
    """By the service's formula, for the picture as it is sent."""
    least, most = pixels_of(model, wish)
    return tokens.image_tokens(model, *size_of(attachment, wish), min_pixels=least, max_pixels=most)


def pixels_of(model: Model, wish: Wish) -> tuple[int | None, int | None]:
    """The least and the most pixels that the model is asked to look at; None for its own defaults."""
    if wish.high and model.vision is not None:
        return wish.min_pixels, model.vision.max_pixels
    return wish.min_pixels, wish.max_pixels


def size_of(attachment: Attachment, wish: Wish) -> tuple[int, int]:
    """Pixels of the picture when it has been turned and cut."""
    width, height = attachment.width or 1, attachment.height or 1
    if wish.turn % 180:
        width, height = height, width
    if wish.box:
        left, top, right, bottom = wish.box
        width = max(1, round(right * width) - round(left * width))
        height = max(1, round(bottom * height) - round(top * height))
    return width, height


def frames_plan(attachment: Attachment, model: Model, wish: Wish) -> Plan:
    if model.frames is None or "video" not in model.inputs:
        return Plan("frames", reason="model_no_video")
    fewest, most = model.frames
    times = times_of(attachment, wish, model=model)
    if len(times) < fewest:
        return Plan("frames", count=len(times), reason="too_few_frames", limit=fewest)
    if len(times) > most:
        return Plan("frames", count=len(times), reason="too_many_frames", limit=most)
    return Plan("frames", tokens=video_tokens(attachment, model, len(times)), count=len(times))


def times_of(attachment: Attachment, wish: Wish, *, model: Model | None = None) -> list[int]:
    """The frames' times in milliseconds: those that were picked, else as they are sampled.

    Sampled ones are never more than the model takes, nor than the video has.
    """
    if wish.times:
        end = (attachment.duration or 0.0) * 1000
        return [at for at in wish.times if at <= end]
    most = limits().frames_per_video
    if model is not None and model.frames is not None:
        most = min(most, model.frames[1])
    real = attachment.details.get("video_frames") or most
    return sampling.times_ms(
        wish.sampling,
        attachment.duration or 0.0,
        default_count=limits().strip_frames,
        most=min(most, real),
    )


def video_plan(attachment: Attachment, model: Model, wish: Wish) -> Plan:
    vision = model.vision
    if vision is None or vision.frames is None or "video" not in model.inputs:
        return Plan("video", reason="model_no_video")
    if attachment.file.format not in VIDEO_FORMATS:
        return Plan("video", reason="video_format")
    if wish.start or wish.end is not None:
        return Plan("video", reason="video_trimmed")
    if attachment.file.stored_size > DATA_URL_BYTES:
        return Plan("video", reason="video_too_large", limit=DATA_URL_BYTES // 1_048_576)
    duration = attachment.duration or 0.0
    if duration < VIDEO_SECONDS:
        return Plan("video", reason="video_too_short", limit=VIDEO_SECONDS)
    if vision.max_video_s is not None and duration > vision.max_video_s:
        return Plan("video", reason="video_too_long", limit=vision.max_video_s // 60)
    fewest, most = vision.frames
    count = min(max(math.ceil(duration * sampling.FPS_DEFAULT), fewest), most)
    return Plan("video", tokens=video_tokens(attachment, model, count), count=count)


def video_tokens(attachment: Attachment, model: Model, count: int) -> int:
    return tokens.video_tokens(model, count, attachment.width or 1, attachment.height or 1)


def file_plan(attachment: Attachment, model: Model, _wish: Wish) -> Plan:
    if "file" not in model.inputs:
        return Plan("file", reason="model_no_files")
    if attachment.file.format not in UPSTREAM_FORMATS:
        return Plan("file", reason="file_format")
    if attachment.file.stored_size > UPSTREAM_BYTES:
        return Plan("file", reason="file_too_large", limit=UPSTREAM_BYTES // 1_048_576)
    return Plan("file", tokens=text_tokens(attachment) or None, count=attachment.pages)


def text_plan(attachment: Attachment, model: Model, wish: Wish) -> Plan:
    if "text" not in model.inputs or model.group == "ocr":
        return Plan("text", reason="model_only_ocr")
    if not attachment.file.has_text:
        return Plan("text", reason="no_text_layer")
    if model.group == "document":
        return Plan("text", reason="model_wants_files")
    needed = text_tokens(attachment)
    room = int((model.max_input_tokens or model.context_tokens) * WINDOW_SHARE)
    if needed > room and wish.shorten:
        return Plan("text", tokens=room, count=attachment.pages, limit=room, shortened=True)
    if needed > room:
        return Plan("text", tokens=needed, reason="text_too_long", limit=room)
    return Plan("text", tokens=needed, count=attachment.pages)


def text_tokens(attachment: Attachment) -> int:
    """The estimate that was made when the text was extracted."""
    return int(attachment.details.get("text_tokens", 0))


def ocr_plan(attachment: Attachment, model: Model, wish: Wish) -> Plan:
    """Each picture or page as a request of its own to a model that reads pictures."""
    if attachment.kind == Kind.VIDEO or (
        attachment.kind == Kind.DOCUMENT and attachment.file.format != "pdf"
    ):
        return Plan("ocr", reason="ocr_format")
    if model.vision is None or "image" not in model.inputs:
        return Plan("ocr", reason="model_no_images")
    if attachment.kind == Kind.IMAGE:
        return Plan("ocr", tokens=image_tokens(attachment, model, wish), count=1)
    pages = len(pages_of(attachment, wish))
    most = limits().pages_per_answer
    if pages > most:
        return Plan("ocr", count=pages, reason="too_many_pages", limit=most)
    return Plan("ocr", tokens=pages * tokens.image_tokens(model, *PAGE_SIZE), count=pages)


def pages_of(attachment: Attachment, wish: Wish) -> list[int]:
    """The wished pages that there are, else all of them."""
    there = attachment.pages or 1
    return [page for page in wish.pages if page <= there] or list(range(1, there + 1))


MAKERS = {
    "image": image_plan,
    "frames": frames_plan,
    "video": video_plan,
    "file": file_plan,
    "text": text_plan,
    "ocr": ocr_plan,
}


def explain(reason: str, limit: int | None) -> str:
    words = {
        "not_ready": _("This file is still being prepared."),
        "model_no_images": _("This model cannot see pictures."),
        "model_only_ocr": _("This model only reads text in pictures."),
        "model_no_video": _("This model cannot watch videos."),
        "model_no_files": _("This model takes no files; it can be given their text."),
        "model_wants_files": _("This model takes documents as files, not as text."),
        "too_few_frames": _("This model needs %(limit)s frames or more. Choose more of them."),
        "too_many_frames": _("This model takes up to %(limit)s frames. Choose fewer of them."),
        "video_format": _("The service does not take videos of this format whole. Send frames."),
        "video_too_large": _("Only videos up to %(limit)s MB can be sent whole. Send frames."),
        "video_too_short": _("Only videos of %(limit)s seconds or more can be sent whole."),
        "video_too_long": _("This model takes up to %(limit)s minutes. Send frames."),
        "video_trimmed": _("A whole video is sent as it is. To leave out parts, send frames."),
        "cut_too_small": _(
            "What is left of the picture is too small: at least %(limit)s pixels a side."
        ),
        "too_many_pixels": _("This model looks at up to %(limit)s pixels."),
        "too_few_pixels": _("This model looks at %(limit)s pixels or more."),
        "pixels_crossed": _("The least pixels are more than the most."),
        "file_format": _("The service does not read files of this format. Send its text."),
        "file_too_large": _("The service takes files of up to %(limit)s MB."),
        "no_text_layer": _("There is no text in this file, only pictures. Use OCR."),
        "text_too_long": _("The text is longer than this model can take (%(limit)s tokens)."),
        "ocr_format": _("Only pictures and PDFs can be read by OCR."),
        "too_many_pages": _("Up to %(limit)s pages at once. Choose some of them."),
    }
    return words[reason] % {"limit": limit}
