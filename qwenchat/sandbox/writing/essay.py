"""Texts of an exact length, put together from whole sentences.

A *library* is a list of topics, each a heading and sentences that read in order; *endings* are
short closing sentences of growing length, which fill what remains at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Count = Callable[[str], int]
HEADINGS_FROM = 260  # shorter texts read better without headings
SENTENCES_A_PARAGRAPH = 4


@dataclass(frozen=True, slots=True)
class Topic:
    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Library:
    topics: tuple[Topic, ...]
    endings: tuple[str, ...]
    again: str  # said before starting over, when more is asked for than there is to say
    space: str  # between sentences: " " or ""
    count: Count


def compose(library: Library, length: int, start: int = 0) -> str:
    """A text of `length` units (as the library counts), beginning with topic number `start`."""
    blocks: list[str] = []
    left = length
    topics = library.topics[start:] + library.topics[:start]
    turn = 0
    while left > 0:
        topic = topics[turn % len(topics)]
        if turn and turn % len(topics) == 0 and left > library.count(library.again):
            left = _add(blocks, [library.again], library, left)
        sentences: list[str] = []
        heading_length = library.count(topic.heading)
        with_heading = length >= HEADINGS_FROM and left > heading_length + 60
        room = left - heading_length if with_heading else left
        for sentence in topic.sentences:
            cost = library.count(sentence)
            if cost <= room:
                sentences.append(sentence)
                room -= cost
        smallest = min(library.count(sentence) for sentence in topic.sentences)
        if room < max(smallest, 1):
            sentences += _fill(library, topics, room)
            room = 0
        if with_heading:
            blocks.append(f"## {topic.heading}")
        _add(blocks, sentences, library, 0)
        left = room
        turn += 1
    return "\n\n".join(blocks)


def _add(blocks: list[str], sentences: Sequence[str], library: Library, left: int) -> int:
    """Appends the sentences as paragraphs; gives back what is left of `left`."""
    blocks.extend(
        library.space.join(sentences[i : i + SENTENCES_A_PARAGRAPH])
        for i in range(0, len(sentences), SENTENCES_A_PARAGRAPH)
    )
    return left - sum(library.count(sentence) for sentence in sentences)


def _fill(library: Library, topics: Sequence[Topic], room: int) -> list[str]:
    """Sentences that use up `room` as nearly as possible: one that fits, then an ending."""
    chosen: list[str] = []
    endings = {library.count(ending): ending for ending in library.endings}
    while room > 0:
        if room in endings:
            return [*chosen, endings[room]]
        if room < min(endings):
            return chosen
        fitting = [
            sentence
            for topic in topics
            for sentence in topic.sentences
            if library.count(sentence) <= room - min(endings) and sentence not in chosen
        ]
        if not fitting:
            size = max(size for size in endings if size <= room)
            return [*chosen, endings[size]]
        sentence = max(fitting, key=library.count)
        chosen.append(sentence)
        room -= library.count(sentence)
    return chosen
