"""Programs that the model service ran for an answer: shown as calls, stored, and never run here."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conversations import frames, interpreter
from conversations.database import in_database
from conversations.models import CallStatus, ToolCall

from . import store

if TYPE_CHECKING:
    from qwenchat.dashscope.events import CodeRun

    from .live import LiveAnswer

# Code may come in many frames; like text it is stored twice a second at most.
SAVE_S = 0.5


@dataclass(slots=True)
class CodeRuns:
    """The runs of one answer as rows, and which of them are not stored as they are."""

    live: LiveAnswer
    rows: dict[tuple[int, int], ToolCall] = field(default_factory=dict)
    unsaved: dict[tuple[int, int], ToolCall] = field(default_factory=dict)
    saved: float = 0.0

    def add(self, request: int, run: CodeRun) -> None:
        """A run of the answer's request, new or with more code than before."""
        place = (request, run.index)
        row = self.rows.get(place)
        if row is None:
            row = self.rows[place] = ToolCall(
                message_id=self.live.id,
                round=request,
                position=run.index,
                name=interpreter.NAME,
                title=interpreter.TITLE,
                origin=interpreter.ORIGIN,
                status=CallStatus.DONE,
                by_service=True,
            )
        row.arguments = json.dumps({"code": run.code}, ensure_ascii=False) if run.code else "{}"
        row.result = interpreter.RESULT if run.code else interpreter.UNTOLD
        self.unsaved[place] = row
        self.live.show_call(frames.call(row))

    async def save(self, *, at_once: bool = False) -> None:
        """Stores what is new, not more often than it has to."""
        if not self.unsaved or (not at_once and time.monotonic() - self.saved < SAVE_S):
            return
        rows, self.unsaved = list(self.unsaved.values()), {}
        await in_database(store.save_code_runs)(self.live.id, rows)
        self.saved = time.monotonic()
