"""A model service that answers each question as the test has said, and can be held in mid-answer.

    gate = Gate()
    service.on("Tea?", reply("First green. ", gate, "Then black."))

Questions without a plan get an ordinary short answer, titles a title; so tests that share a server do
not get in each other's way as long as their questions differ.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from tests.upstream import (
    DONE,
    Gate,
    Received,
    Reply,
    Step,
    ThreadedUpstream,
    chunk,
    completion,
    default_reply,
    json_reply,
    sse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLE = "A title made by the model"


class Service(ThreadedUpstream):
    """Plans are kept by the text of the last question in a request."""

    def __init__(self) -> None:
        super().__init__(self._respond)
        self._plans: dict[str, deque[Reply]] = defaultdict(deque)
        self._asked: dict[str, list[Received]] = defaultdict(list)
        self._changed = threading.Condition()
        self._gates: list[Gate] = []
        self.files = 0  # that were uploaded

    def on(self, question: str, *replies: Reply) -> None:
        """The next requests with this question are answered so, in order."""
        with self._changed:
            self._plans[question].extend(replies)
        self._gates += [step for one in replies for step in one.chunks if isinstance(step, Gate)]

    def asked(self, question: str) -> list[Received]:
        """The requests for an answer to this question so far."""
        with self._changed:
            return list(self._asked[question])

    def wait_for(self, question: str, count: int = 1, *, within_s: float = 30) -> Received:
        """Waits for request number `count` with this question and gives it."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self._asked[question]) >= count, within_s)
            assert came, f"{question!r} was asked {len(self._asked[question])} times"
            return self._asked[question][count - 1]

    def let_go(self) -> None:
        """Opens every gate, so that nothing of one test runs on into the next."""
        for gate in self._gates:
            gate.open()
        self._gates.clear()

    def _respond(self, received: Received) -> Reply:
        if "/files" in received.path:
            return self._kept(received)
        if received.method == "GET":
            return default_reply(received)
        body = received.json
        if not body.get("stream"):
            return json_reply(completion(TITLE, model=body["model"]))
        question = question_of(body)
        with self._changed:
            self._asked[question].append(received)
            self._changed.notify_all()
            plan = self._plans[question]
            return plan.popleft() if plan else default_reply(received)

    def _kept(self, received: Received) -> Reply:
        """The service's files: each is read by the time that somebody asks."""
        if received.method == "DELETE":
            return json_reply(
                {"object": "file", "deleted": True, "id": received.path.split("/")[-1]}
            )
        with self._changed:
            if received.method == "POST":
                self.files += 1
        row = {"id": f"file-fe-{self.files}", "object": "file", "bytes": 1, "created_at": 1}
        status = "processing" if received.method == "POST" else "processed"
        return json_reply(row | {"filename": "a", "purpose": "file-extract", "status": status})


def question_of(body: dict[str, Any]) -> str:
    asked = [message["content"] for message in body["messages"] if message["role"] == "user"]
    last = asked[-1] if asked else ""
    if isinstance(last, list):  # files come before the words
        last = next((part["text"] for part in reversed(last) if "text" in part), "")
    return str(last).rpartition("</document>")[2].strip()


def reply(*steps: str | Step, thoughts: Iterable[str | Gate] = (), finish: str = "stop") -> Reply:
    """A streamed answer: each text is a chunk of it, every other step is done as it is.

    `thoughts` come before it. Where the last step cuts the connection, the end is never sent.
    """
    chunks: list[Step] = [sse(chunk({"content": "", "role": "assistant"}))]
    for thought in thoughts:
        event = {"content": None, "reasoning_content": thought}
        chunks.append(thought if isinstance(thought, Gate) else sse(chunk(event)))
    chunks += [sse(chunk({"content": one})) if isinstance(one, str) else one for one in steps]
    usage = {"prompt_tokens": 22, "completion_tokens": 7, "total_tokens": 29}
    chunks += [sse(chunk({"content": ""}, finish=finish)), sse(chunk(usage=usage)), DONE]
    return Reply(chunks)


def cut(*steps: str | Step) -> Reply:
    """An answer that breaks off after these steps."""
    whole = reply(*steps)
    return Reply(list(whole.chunks)[:-3], chunked=False)
