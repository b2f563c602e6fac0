"""The list of conversations: by date in the person's time zone, page by page, searched by title."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone, translation

from conversations.models import Conversation
from conversations.views import dates
from conversations.views.sidebar import Cursor
from tests.pages.conftest import Tree
from tests.pages.reading import Page

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("days", "key"),
    [
        (-1, "today"),
        (0, "today"),
        (1, "yesterday"),
        (2, "week"),
        (7, "week"),
        (8, "month"),
        (30, "month"),
        (31, "2026-10"),
        (400, "2025-10"),
    ],
)
def test_days_fall_into_periods(days, key):
    assert dates.period(TODAY - timedelta(days=days), TODAY) == key


def test_months_have_names_in_both_languages():
    assert dates.label("2026-10", date(2026, 10, 3)) == "October 2026"
    with translation.override("zh-hans"):
        assert dates.label("2026-10", date(2026, 10, 3)) == "2026年10月"


def test_a_conversation_at_midnight_belongs_to_the_persons_own_day(browser, alice, monkeypatch):
    now = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)  # 04:00 on the 26th in Shanghai
    monkeypatch.setattr(timezone, "now", lambda: now)
    Tree(alice, "Late", updated=datetime(2026, 11, 25, 12, 0, tzinfo=UTC))

    def groups():
        read = Page(browser.get("/").content.decode())
        return [label.words for label in read.all("h2", class_="nav-group__label")]

    assert groups() == ["Today"]
    browser.cookies["timezone"] = "Asia%2FShanghai"
    assert groups() == ["Yesterday"]
    browser.cookies["timezone"] = "../../etc/passwd"
    assert groups() == ["Today"]


def listed(htmx, path):
    read = Page(htmx.get(path).content.decode())
    titles = [row.one(data_slot="row-title").text for row in read.all("li", class_="nav-row")]
    more = read.all("a", class_="nav-more")
    return titles, more[0].attributes["href"] if more else None, read


def test_pages_follow_each_other_without_gap_or_repetition(htmx, alice, settings):
    size = settings.LIMITS.conversations_per_page
    moment = timezone.now()
    for number in range(2 * size + 3):  # many share an instant: the id decides
        Tree(alice, f"{number}", updated=moment - timedelta(seconds=number // 50))
    seen, path = [], "/conversations/"
    while path:
        titles, path, _ = listed(htmx, path)
        assert len(titles) <= size
        seen += titles
    assert sorted(seen, key=int) == [str(number) for number in range(2 * size + 3)]


def test_a_period_that_goes_on_has_its_heading_once(htmx, alice, settings):
    for number in range(settings.LIMITS.conversations_per_page + 1):
        Tree(alice, f"{number}")
    _, more, first = listed(htmx, "/conversations/")
    _, _, second = listed(htmx, more)
    assert [label.words for label in first.all("h2")] == ["Today"]
    assert second.all("h2") == []


def test_search_finds_ones_own_titles_only(htmx, alice, bob):
    Tree(alice, "Green TEA")
    Tree(alice, "Coffee")
    Tree(bob, "Tea of Bob")
    assert listed(htmx, "/conversations/?q=tea")[0] == ["Green TEA"]
    assert listed(htmx, "/conversations/?q=%25")[0] == []
    nothing = listed(htmx, "/conversations/?q=cocoa")[2]
    assert nothing.one("p").words == "No chat has these words in its title."


def test_search_works_without_script_as_a_page(look, alice):
    Tree(alice, "Green tea")
    Tree(alice, "Coffee")
    whole = look("/conversations/?q=tea")
    assert whole.one("input", id_="chat-search").attributes["value"] == "tea"
    assert [row.words for row in whole.all(data_slot="row-title")] == ["Green tea"]


def test_a_row_shows_what_is_current_and_what_is_being_answered(look, tree, alice):
    tree.answer(tree.ask(), "", status="streaming")
    Tree(alice, "Quiet")
    current = look(tree.url)
    row = current.one("li", id_=f"row-{tree.conversation.id}")
    assert row.one("a").attributes["aria-current"] == "page"
    assert "hidden" not in row.one("span", class_="spinner").attributes
    assert row.one("a").words == "Tea, still answering"
    quiet = [one for one in current.all("li", class_="nav-row") if one is not row]
    assert len(quiet) == 1
    assert "hidden" in quiet[0].one("span", class_="spinner").attributes
    assert "aria-current" not in quiet[0].one("a").attributes


def test_cursors_survive_the_address_and_foreign_ones_start_at_the_top(htmx, tree):
    conversation = Conversation.objects.get()
    cursor = Cursor(conversation.updated, conversation.id)
    assert Cursor.parsed(str(cursor)) == cursor
    for odd in ("", "x", "1.2", "9" * 40 + f".{conversation.id.hex}", "1." + "z" * 32):
        assert Cursor.parsed(odd) is None
    assert listed(htmx, "/conversations/?after=nonsense")[0] == ["Tea"]
