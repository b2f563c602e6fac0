"""The catalogue's sentences about its models, marked for translation.

The catalogue knows no Django; the picker translates what it says. A test holds the two together.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

SUMMARIES = (
    gettext_noop("The most capable model: hard questions, long work, pictures and video."),
    gettext_noop("Fast and cheap, of the newest generation; sees pictures and video."),
    gettext_noop("A strong thinker for text alone."),
    gettext_noop("A good balance of quality, speed and price; sees pictures and video."),
    gettext_noop("Very fast and very cheap; sees pictures and video."),
    gettext_noop("A preview of a strong thinker for text."),
    gettext_noop("Fast and cheap; sees pictures and video."),
    gettext_noop("An earlier balance of quality and price; sees pictures and video."),
    gettext_noop("Cheap and quick for simple tasks; sees pictures and video."),
    gettext_noop("The flagship of the third generation; text."),
    gettext_noop("An older flagship with a short memory; text."),
    gettext_noop("Solid and inexpensive for everyday text; thinks when asked to."),
    gettext_noop("Fast and very cheap for simple text; thinks when asked to."),
    gettext_noop("Superseded by Qwen Flash; kept for older settings."),
    gettext_noop("Always thinks before it answers; mathematics, code, logic."),
    gettext_noop("Questions about long documents and many files."),
    gettext_noop("Takes data out of a few documents."),
    gettext_noop("Looks closely at pictures and video."),
    gettext_noop("Looks at pictures and video, fast and cheap."),
    gettext_noop("An earlier model for pictures and video."),
    gettext_noop("An earlier, cheaper model for pictures and video."),
    gettext_noop("Always thinks about what it sees; diagrams, exercises."),
    gettext_noop("Reads the text in a picture."),
    gettext_noop("Writes and changes programs, with tools."),
    gettext_noop("Writes and changes programs, fast and cheap."),
    gettext_noop("A small open model for programs."),
    gettext_noop("Hears, sees and reads."),
    gettext_noop("Hears, sees and reads, fast and cheap."),
    gettext_noop("An earlier model that hears, sees and reads."),
    gettext_noop("Translates one text at a time."),
    gettext_noop("Translates one text at a time, fast and cheap."),
    gettext_noop("Plays a character in a conversation."),
    gettext_noop("A large open model that answers at once."),
    gettext_noop("A large open model that always thinks."),
)
