"""What a page asks of the database does not grow with what there is."""

from __future__ import annotations

from tests.pages.conftest import Tree

# Session, user; conversation, path, messages, alternatives and those of the root; list, running.
CONVERSATION_QUERIES = 13


def grown(alice, rounds, chats):
    tree = Tree(alice, "Long")
    last = None
    for number in range(rounds):
        question = tree.ask(f"{number}", after=last)
        tree.answer(question, "Another.")
        last = tree.answer(question, f"**{number}**")
    for number in range(chats):
        other = Tree(alice, f"Other {number}")
        other.answer(other.ask())
    return tree


def test_a_conversation_costs_the_same_whatever_its_length(
    browser, alice, django_assert_max_num_queries
):
    short, long = grown(alice, 2, 3), grown(alice, 60, 50)
    for tree in (short, long):
        browser.get(tree.url)  # the answers' HTML is rendered once and kept
        with django_assert_max_num_queries(CONVERSATION_QUERIES):
            assert browser.get(tree.url).status_code == 200


def test_lanes_cost_one_query_more(browser, tree, django_assert_max_num_queries):
    last = None
    for number in range(5):
        question = tree.ask(f"{number}", after=last)
        options = {"models": ["qwen-plus", "qwen3-max"]}
        last = tree.answer(question, options=options)
        tree.answer(question, model="qwen3-max", options=options)
    tree.end_in(last)
    browser.get(tree.url)
    with django_assert_max_num_queries(CONVERSATION_QUERIES + 1):
        browser.get(tree.url)


def test_a_new_chat_and_a_page_of_the_list_are_cheap(
    browser, htmx, alice, django_assert_num_queries
):
    grown(alice, 2, 50)
    with django_assert_num_queries(5):
        browser.get("/")
    with django_assert_num_queries(4):
        htmx.get("/conversations/")


def test_missing_pages_ask_the_database_nothing(client):  # without `db` any query is an error
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "This is not here" in response.content.decode()
