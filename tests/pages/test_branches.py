"""Versions, lanes and earlier messages, with and without script."""

from __future__ import annotations

from tests.pages.reading import Page


def shown(page):
    return [article.attributes["data-message"] for article in page.one(id_="thread").all("article")]


def test_versions_are_links_that_work_without_script(look, tree):
    question = tree.ask()
    first = tree.answer(question, "Green.")
    follow_up = tree.ask("Why?", after=first)
    because = tree.answer(follow_up, "Because.")
    second = tree.answer(question, "Black.")

    current = look(tree.url)
    assert shown(current) == [str(question.id), str(second.id)]
    branch = current.one("span", class_="branch")
    assert branch.attributes["aria-label"] == "Version 2 of 2"
    back = branch.one("a")
    assert back.attributes["href"] == f"?leaf={first.id}#m-{first.id}"

    # The older version shows where it was left: its follow-up is there again.
    other = look(tree.url + back.attributes["href"].partition("#")[0])
    assert shown(other) == [str(m.id) for m in (question, first, follow_up, because)]
    assert other.one(id_="thread").attributes["data-leaf"] == str(because.id)
    tree.conversation.refresh_from_db()
    assert tree.conversation.leaf == second


def test_choosing_a_branch_keeps_it(browser, tree):
    question = tree.ask()
    first = tree.answer(question, "Green.")
    tree.answer(question, "Black.")
    response = browser.post(f"{tree.url}branch/", {"message": str(first.id)})
    assert shown(Page(response.content.decode())) == [str(question.id), str(first.id)]
    tree.conversation.refresh_from_db()
    assert tree.conversation.leaf == first


def test_an_edited_question_says_which_version_it_is(look, tree):
    tree.answer(tree.ask("One"))
    again = tree.ask("Two")
    tree.answer(again)
    heading = look(tree.url).one("article", class_="msg--user").one("h2")
    assert heading.text == "You, 14:02. Version 2 of 2"


def test_a_long_branch_is_loaded_from_its_end_and_the_rest_on_demand(look, htmx, tree, settings):
    size = settings.LIMITS.messages_per_page
    last = None
    for number in range(size + 5):
        last = tree.answer(tree.ask(f"Question {number}", after=last), f"Answer {number}")
    whole = look(tree.url)
    assert len(shown(whole)) == size
    link = whole.one("a", id_="older")
    assert link.attributes["href"] == link.attributes["hx-get"]

    fragment = Page(htmx.get(link.attributes["href"]).content.decode())
    assert not fragment.all("html")
    earlier = [a.attributes["data-message"] for a in fragment.all("article")]
    assert len(earlier) == size
    assert not set(earlier) & set(shown(whole))

    plain = look(link.attributes["href"])
    assert shown(plain) == earlier
    newer = [a for a in plain.all("a", class_="older") if a.words == "Newer messages"]
    assert shown(look(newer[0].attributes["href"])) == shown(whole)

    end = Page(htmx.get(fragment.one("a", id_="older").attributes["href"]).content.decode())
    assert len(end.all("article")) == 10
    assert not end.all("a", id_="older")


def test_answers_asked_for_together_stand_side_by_side(look, tree):
    question = tree.ask()
    options = {"models": ["qwen-plus", "qwen3-max"]}
    plus = tree.answer(question, "Green.", options=options)
    best = tree.answer(question, "Black.", model="qwen3-max", options=options)
    tree.end_in(plus)

    lanes = look(tree.url).all("article", class_="lane")
    assert [lane.attributes["data-message"] for lane in lanes] == [str(plus.id), str(best.id)]
    assert {lane.attributes["data-lanes"] for lane in lanes} == {"2"}
    assert "data-preferred" in lanes[0].attributes
    assert "data-preferred" not in lanes[1].attributes
    go_on = lanes[1].one("a", data_action="branch")
    assert go_on.words == "Go on with this one"
    assert go_on.attributes["data-message"] == str(best.id)
    assert not lanes[0].all("a", data_action="branch")


def test_a_single_answer_made_later_is_no_lane(look, tree):
    question = tree.ask()
    options = {"models": ["qwen-plus", "qwen3-max"]}
    tree.answer(question, "Green.", options=options)
    tree.answer(question, "Black.", model="qwen3-max", options=options)
    later = tree.answer(question, "White.", options={"model": "qwen-plus"})
    current = look(tree.url)
    assert not current.all("article", class_="lane")
    assert shown(current) == [str(question.id), str(later.id)]
    assert current.one("span", class_="branch").attributes["aria-label"] == "Version 3 of 3"
