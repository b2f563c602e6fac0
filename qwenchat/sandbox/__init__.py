"""The offline model server: speaks the service's two protocols over real HTTP, without a key.

`app` is an ASGI 3 application (no Django in it); `python -m qwenchat.sandbox` serves it, and
`qwenchat.sandbox.process.SandboxProcess` starts that as a child. Where things are:

    http        routes, keys, request ids: from an ASGI scope to an answer or a refusal
    rules       what a request must be, refused with the service's own texts
    request     the request as values, once it has been accepted
    files/      uploads, and the `fileid://` messages that name them
    documents/  the text of uploaded files, really read
    seeing/     pictures and videos, really looked at
    ocr/        reading what is written on pictures
    tooling/    which of the offered tools are called, and with what
    searching/  web search, with results that are clearly made up
    generation  what will be said: thinking, calls, answer, finish reason, usage
    stream      the order in which it leaves, at the asked rate
    compatible  chat completions: chunks, and answers in one piece
    native/     the same in the service's own protocol
    staging     `/sandbox ...` lines in a message: failures on demand, to look at the page
    writing/    the texts themselves, in English and Chinese
    tokens      the tokenizer behind usage, limits and pace

The sandbox never claims to be Qwen, and its answers say only what it really received.
Source for the protocols: the project's notes on the service, whose sections docstrings name.
"""

from __future__ import annotations

from qwenchat.sandbox.http import Sandbox

app = Sandbox()

__all__ = ["Sandbox", "app"]
