"""Markdown as models write it, turned into HTML that is safe to put on a page.

``render`` is the authority: the whole text, once. ``Incremental`` is the same renderer for a text
that still grows. ``plain`` gives the words alone. No Django here and no words of our own in the
output: rendered answers are kept, and the page that shows them may be in any language.

>>> from qwenchat.markup import render
>>> render("**「重点」**内容")
'<p><strong>「重点」</strong>内容</p>'
"""

from __future__ import annotations

from .incremental import Incremental
from .plaintext import plain
from .whole import MAX_LENGTH, RENDER_VERSION, render

__all__ = ["MAX_LENGTH", "RENDER_VERSION", "Incremental", "plain", "render"]
