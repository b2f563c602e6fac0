"""The limits of one server, each with its reason. `QWENCHAT_<NAME>` in the environment changes one.

Source of the defaults: the public interface (docs/protocol.md) and the threat model (docs/threats.md).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from . import env


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

    # ---- HTTP ----
    form_bytes: int = 1_048_576
    body_bytes: int = 209_715_200  # the largest upload; enforced below the application
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
