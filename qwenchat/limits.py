"""The limits of one server, each with its reason. `QWENCHAT_<NAME>` in the environment changes one.

Source of the defaults: the public interface (docs/protocol.md) and the threat model (docs/threats.md).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from . import env

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    # ---- the socket ----
    frame_bytes: int = 1_048_576  # one command; more closes the socket with 1009
    text_characters: int = 100_000  # a long chapter; beyond it a file serves better
    attachments_per_message: int = 16
    answers_per_minute: int = 20  # send, regenerate and continue, a user
    commands_per_minute: int = 120  # everything else but seen and ping, a user
    running_answers: int = 4  # a user, at the same time
    sockets_per_user: int = 10  # a desk, a phone, and tabs that were forgotten
    bad_frames: int = 20  # malformed frames before the socket is closed with 1008
    unseen_bytes: int = 1_048_576  # sent and not yet shown, before the server holds back
    unseen_seconds: int = 30  # of holding back, before the socket is closed with 4408
    session_check_seconds: int = 4  # a signed-out socket is told within five

    # ---- one answer ----
    answer_bytes: int = 400_000  # text and reasoning together; stops a model that never ends
    answer_seconds: int = 900  # all rounds of one answer
    save_milliseconds: int = 1_000  # what a crash may cost
    heartbeat_seconds: int = 15  # silence after which a running answer counts as orphaned
    drain_seconds: int = 5  # for running answers to end after SIGTERM; the rest is saved and marked

    # ---- pages ----
    messages_per_page: int = 40
    conversations_per_page: int = 40

    # ---- links to conversations ----
    shares_per_hour: int = 60  # a user; each stores a copy, as an upload does
    shares_per_conversation: int = 20  # a list that can still be looked through
    share_bytes: int = (
        4 * MEGABYTE
    )  # of such a copy: a thick book, and what a phone can still lay out
    # Pages and pictures of shares that one address reads while signed out: an office behind one
    # address, each page with some pictures.
    share_reads_per_minute: int = 300

    # ---- files ----
    image_bytes: int = 10 * MEGABYTE
    document_bytes: int = 50 * MEGABYTE
    video_bytes: int = 200 * MEGABYTE
    uploads_per_hour: int = 60  # a user
    storage_bytes_per_user: int = 2048 * MEGABYTE  # ten long videos, thousands of pictures
    free_bytes: int = (
        256 * MEGABYTE
    )  # left on the disk, for the database and for answers being written
    image_pixels: int = 50_000_000  # checked before a picture is decoded: 150 MB of memory
    image_side_px: int = 16_000
    image_frames: int = 200  # of an animation
    image_metadata_bytes: int = 8 * MEGABYTE
    zip_bytes: int = 200 * MEGABYTE  # what an Office file unpacks to
    zip_ratio: int = 100  # unpacked to packed; real documents stay below 30
    zip_members: int = 2_000
    pdf_pages: int = 2_000
    pdf_objects: int = 300_000
    pdf_bytes: int = 1024 * MEGABYTE  # of inflated streams
    text_characters_kept: int = 20_000_000  # 10 M tokens, the longest input of any model
    video_seconds: int = 600
    video_side_px: int = 4096
    video_fps: int = 60
    strip_frames: int = 8  # what the strip shows, and the model sees unless told otherwise
    frame_pixels: int = 655_360  # the models' own default for a frame
    frames_per_video: int = 512
    page_pixels: int = 4_000_000  # of a PDF's page as a picture: small print stays readable
    pages_per_answer: int = 50  # of a PDF, read by one OCR answer
    history_pictures: int = 16  # pictures and frames of earlier questions that are sent again
    history_result_tokens: int = 16_000  # of what tools found for earlier answers: two long pages
    decoding_processes: int = 4  # at most; never more than the machine's cores
    files_per_page: int = 50

    # ---- HTTP ----
    form_bytes: int = 1_048_576
    # The largest upload and the form around it; enforced below the application.
    body_bytes: int = 202 * MEGABYTE
    anonymous_per_minute: int = 60  # requests of one address to the account pages

    @classmethod
    def from_environment(cls) -> Limits:
        """The defaults, with what the environment changes."""
        return cls(
            **{
                field.name: env.integer(f"QWENCHAT_{field.name.upper()}", field.default, minimum=1)
                for field in fields(cls)
                if isinstance(field.default, int)
            }
        )
