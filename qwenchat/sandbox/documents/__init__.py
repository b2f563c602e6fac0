"""The text of documents, really read from their files.

reading    which reader a file gets, its bounds, and what was found as values
plain      TXT, MD, CSV, JSON, in the encodings people have
office     DOCX and XLSX
pdf        PDF
epub       EPUB
matching   the sentences of a text that fit a question
"""

from __future__ import annotations

from qwenchat.sandbox.documents.reading import Document, read_document

__all__ = ["Document", "read_document"]
