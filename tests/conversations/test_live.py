"""The live state: whatever a reader missed, one frame brings it up to date."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.citations import linked
from conversations.generation.live import Cursor, LiveAnswer
from conversations.generation.tails import changed_end, units
from qwenchat import markup
from qwenchat.dashscope.events import (
    Finished,
    ReasoningDelta,
    SearchSources,
    Source,
    Started,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
)

ID = UUID(int=1)
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["word ", "**bold** ", "\n\n", "- item\n", "`code`", "# H\n", "😀", "中文，", "$x$ "]
        ),
        st.text(max_size=8),
    ),
    max_size=25,
)


def live() -> LiveAnswer:
    return LiveAnswer(ID, UUID(int=2), 1)


class Page:
    """What a reader has shown: applies frames in order."""

    def __init__(self, format: str, *, cut: bool = False) -> None:
        self.cursor = Cursor(format, cut)  # type: ignore[arg-type]
        self.text = self.reasoning = self.tail = ""
        self.blocks: list[str] = []
        self.seqs: list[int] = []

    def read(self, answer: LiveAnswer) -> None:
        frame = answer.since(self.cursor)
        if frame is None:
            return
        self.seqs.append(frame["seq"])
        if frame["type"] == "snapshot":
            self.text = self.reasoning = self.tail = ""
            self.blocks = []
        self.text += frame.get("text", "")
        self.reasoning += frame.get("reasoning", "")
        self.blocks += frame.get("blocks", [])
        if "drop" in frame:
            encoded = self.tail.encode("utf-16-le", "surrogatepass")
            kept = encoded[: len(encoded) - 2 * frame["drop"]]
            self.tail = kept.decode("utf-16-le", "surrogatepass") + frame["tail"]
        elif "tail" in frame:
            self.tail = frame["tail"]

    @property
    def html(self) -> str:
        return "".join(self.blocks) + self.tail


@settings(deadline=None)
@given(PIECES, st.lists(st.booleans(), min_size=100, max_size=100), st.integers(0, 25))
def test_a_snapshot_and_the_deltas_after_it_equal_the_end(
    pieces: list[str], reads: list[bool], late: int
) -> None:
    answer = live()
    pages = [Page("text"), Page("html"), Page("html", cut=True)]
    joined = [Page("text"), Page("html"), Page("html", cut=True)]
    coin = iter(reads)
    for index, piece in enumerate(pieces):
        answer.apply(TextDelta(piece))
        answer.flush()
        for page in pages:
            if next(coin, True):
                page.read(answer)
        if index >= late:
            for page in joined:
                page.read(answer)
    whole = Page("html")
    whole.read(answer)
    for page in [*pages, *joined]:
        page.read(answer)
        if page.cursor.format == "text":
            assert page.text == "".join(pieces)
        else:
            assert page.html == whole.html
        assert page.seqs == sorted(set(page.seqs))


@settings(deadline=None)
@given(PIECES)
def test_what_was_rendered_for_readers_is_the_whole_or_is_rendered_anew(pieces: list[str]) -> None:
    answer = live()
    page = Page("html")
    for piece in pieces:
        answer.apply(TextDelta(piece))
        answer.flush()
        page.read(answer)
    html = answer.whole_html()
    assert html is None or html == markup.render(answer.text)


def test_without_a_reader_of_html_nothing_is_rendered() -> None:
    answer = live()
    answer.apply(TextDelta("*a*"))
    answer.flush()
    Page("text").read(answer)
    assert answer.whole_html() is None


def test_nothing_new_is_no_frame() -> None:
    answer = live()
    page = Page("text")
    answer.apply(TextDelta("a"))
    answer.flush()
    page.read(answer)
    assert answer.since(page.cursor) is None


def test_what_is_not_flushed_is_not_shown() -> None:
    answer = live()
    page = Page("text")
    page.read(answer)
    answer.apply(TextDelta("a"))
    page.read(answer)
    assert page.text == ""
    answer.flush()
    page.read(answer)
    assert page.text == "a"


def test_text_that_turns_out_to_be_reasoning_is_taken_back() -> None:
    answer = live()
    page = Page("html")
    answer.apply(TextDelta("I should"))
    answer.flush()
    page.read(answer)
    answer.apply(TextWasReasoning())
    answer.apply(TextDelta("Hello"))
    answer.flush()
    page.read(answer)
    assert page.reasoning == "I should"
    assert "I should" not in page.html
    assert "Hello" in page.html


def test_only_what_this_request_brought_is_taken_back() -> None:
    """An answer with tools has several requests, and a continued one had text before."""
    answer = live()
    answer.text = "From before. "
    for text in ("And ", "now"):
        answer.apply(TextDelta(text))
    answer.part()
    answer.apply(Started("m", "", ""))
    answer.apply(ReasoningDelta("Hm"))
    answer.apply(TextDelta("I should\n"))
    page = Page("text")
    answer.flush()
    page.read(answer)
    assert page.text == "From before. And now\n\nI should\n"
    answer.apply(TextWasReasoning())
    answer.apply(TextDelta("Yes."))
    answer.flush()
    page.read(answer)
    assert page.text == answer.text == "From before. And now\n\nYes."
    assert page.reasoning == "Hm\n\nI should\n"


def test_what_a_new_part_says_begins_a_paragraph_and_nothing_else_does() -> None:
    answer = live()
    answer.part()
    answer.apply(TextDelta("a"))
    answer.apply(ReasoningDelta("t"))
    answer.part()
    answer.apply(TextDelta(""))
    answer.apply(TextDelta("b"))
    answer.apply(TextDelta("c\n\n"))
    answer.part()
    answer.apply(TextDelta("d"))
    answer.apply(ReasoningDelta("u"))
    answer.flush()
    assert (answer.text, answer.reasoning) == ("a\n\nbc\n\nd", "t\n\nu")
    assert answer.size == len(answer.text) + len(answer.reasoning)


def found(*numbers: int, host: str = "a") -> SearchSources:
    return SearchSources(
        tuple(Source(n, f"Page {n}", f"https://{host}.example/", "") for n in numbers)
    )


def searching() -> LiveAnswer:
    answer = live()
    answer.link = lambda html, sources: linked(html, ID, sources)
    return answer


CITING = (
    "Tea [ref_1][ref_2] and [1].\n\n| a | b |\n|---|---|\n| x [ref_2] | `y[1]` |\n\n"
    "- one [2]\n- [a [1] link](https://x.example/) [ref_99]\n\nEnd 【ref_1】 [ref_2"
)


@settings(deadline=None)
@given(st.lists(st.integers(0, len(CITING)), max_size=12), st.integers(0, 13), st.data())
def test_marks_cut_anywhere_are_links_for_every_reader(
    cuts: list[int], late: int, data: st.DataObject
) -> None:
    """Whenever the sources come, and however the text is cut into deltas, blocks and tails."""
    edges = [0, *sorted(cuts), len(CITING)]
    answer = searching()
    pages = [Page("html"), Page("html", cut=True)]
    for index, (start, end) in enumerate(pairwise(edges)):
        if index == late:
            answer.apply(found(1, 2))
        answer.apply(TextDelta(CITING[start:end]))
        answer.flush()
        for page in pages:
            if data.draw(st.booleans()):
                page.read(answer)
    if not answer.sources:
        answer.apply(found(1, 2))
        answer.flush()
    for page in pages:
        page.read(answer)
        whole = linked(markup.render(CITING), ID, answer.sources)
        assert "".join(page.html.split()) == "".join(whole.split())
        assert page.html.count('class="cite"') == 5
        assert "[ref_99]" in page.html
        assert "【ref_1】" in page.html


def test_each_request_may_search_and_the_last_one_counts() -> None:
    answer = searching()
    answer.apply(found(1))
    answer.apply(TextDelta("I will look further."))
    answer.apply(Started("m", "", ""))
    answer.apply(found(1, 2, host="b"))
    assert [source["url"] for source in answer.sources] == ["https://b.example/"] * 2


def test_marks_that_are_there_keep_their_sources() -> None:
    answer = searching()
    answer.apply(found(1))
    answer.apply(TextDelta("Tea [ref_1]."))
    answer.apply(Started("m", "", ""))
    answer.apply(found(1, 2, host="b"))
    assert [source["url"] for source in answer.sources] == ["https://a.example/"]


def test_a_reader_that_is_away_gets_one_frame_however_much_came() -> None:
    answer = live()
    page = Page("text")
    page.read(answer)
    for number in range(1000):
        answer.apply(ReasoningDelta("t" if number < 500 else ""))
        answer.apply(TextDelta("w"))
        answer.flush()
    page.read(answer)
    assert len(page.seqs) == 2
    assert (len(page.text), len(page.reasoning)) == (1000, 500)


def test_a_changed_end_is_short() -> None:
    old = "<p>" + "x" * 300 + "</p>"
    new = "<p>" + "x" * 300 + " more</p>"
    drop = changed_end(old, new)
    assert drop == len("</p>")
    assert old[: len(old) - drop] + new[len(old) - drop :] == new
    assert changed_end(old, "<h1>other</h1>") is None


def test_units_are_counted_as_javascript_does() -> None:
    assert units("a中") == 2
    assert units("😀") == 2


def test_only_reasoning_counts_as_reasoning_time() -> None:
    answer, reader = live(), Cursor("text")

    def comes(now: float, event: object) -> dict[str, object] | None:
        answer.apply(event)  # type: ignore[arg-type]
        answer.reasons_at(now)
        answer.flush()
        return answer.since(reader)

    begun = comes(10.0, ReasoningDelta("I call"))
    assert begun is not None
    assert begun["thinking"] is True
    assert answer.reasoned_ms(12.5) == 2500
    paused = comes(13.0, ToolCallDelta(0, "c1", "clock", "{}"))
    assert paused is not None
    assert "thinking" not in paused
    assert paused["reasoning_ms"] == 3000
    comes(13.1, Finished("tool_calls"))
    # A person is asked, for ten minutes; then the model reasons again.
    assert answer.reasoned_ms(613.0) == 3000
    again = comes(613.0, ReasoningDelta("so"))
    assert again is not None
    assert again["thinking"] is True
    ended = comes(614.0, TextDelta("Noon."))
    assert ended is not None
    assert ended["reasoning_ms"] == 4000
    late = answer.since(Cursor("text"))
    assert late is not None
    assert late["reasoning_ms"] == 4000
