"""The sandbox's texts: what it says about the message it got, in English and Chinese.

`write` gives the whole answer, a pure function of the conversation up to its last question (and
of the options sent along): asked to continue a prefix of it, the sandbox goes on exactly there.
"""

from __future__ import annotations

from qwenchat.sandbox.writing.answer import think, think_of, write

__all__ = ["think", "think_of", "write"]
