"""The offline model server: speaks the service's chat endpoint over real HTTP, without a key.

`app` is an ASGI 3 application (no Django in it); `python -m qwenchat.sandbox` serves it, and
`qwenchat.sandbox.process.SandboxProcess` starts that as a child. Where things are:

    http        routes, keys, request ids: from an ASGI scope to an answer or a refusal
    rules       what a request must be, refused with the service's own texts
    request     the request as values, once it has been accepted
    generation  what will be said: thinking, answer, finish reason, usage
    stream      the service's chunk sequence, at the asked rate
    staging     `/sandbox ...` lines in a message: failures on demand, to look at the page
    writing/    the texts themselves, in English and Chinese
    tokens      the tokenizer behind usage, limits and pace

The sandbox never claims to be Qwen, and its answers say only what it really received.
Source for the protocol: the project's notes on the service ("Chat completions", "Errors").
"""

from __future__ import annotations

from qwenchat.sandbox.http import Sandbox

app = Sandbox()

__all__ = ["Sandbox", "app"]
