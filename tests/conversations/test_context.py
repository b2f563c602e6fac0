"""What a model is sent: the branch, fitted to its window, and how a cut answer goes on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from conversations import context
from conversations.estimates import estimated_tokens, tokens_of_lengths
from conversations.generation import addresses
from conversations.models import Conversation, Message, Role, Round, Status, ToolCall
from conversations.options import Options
from qwenchat.dashscope.errors import ContextTooLongError

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Thread:
    """Writes a branch, one message after the other."""

    def __init__(self, owner: User, **fields: Any) -> None:
        self.conversation = Conversation.objects.create(
            owner=owner, updated=timezone.now(), **fields
        )
        self.last: Message | None = None

    def add(self, role: str, text: str, **fields: Any) -> Message:
        self.last = Message.objects.create(
            conversation=self.conversation,
            parent=fields.pop("parent", self.last),
            number=self.conversation.next_number,
            role=role,
            text=text,
            **fields,
        )
        self.conversation.next_number += 1
        return self.last

    def exchange(self, question: str, reply: str) -> None:
        self.add(Role.USER, question)
        self.add(Role.ASSISTANT, reply, model="qwen-plus")

    def answer(self, model: str = "qwen-plus", text: str = "") -> Message:
        return self.add(Role.ASSISTANT, text, model=model, status=Status.QUEUED)


def contents(found: context.Context) -> list[str]:
    return [message["content"] for message in found.messages]


def test_the_branch_is_sent_in_order_with_the_system_prompt_first(alice: User) -> None:
    thread = Thread(alice, system="Be brief.")
    thread.exchange("One?", "Two.")
    thread.add(Role.USER, "Three?")
    found = context.build(thread.conversation, thread.answer(), Options())
    assert [message["role"] for message in found.messages] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert contents(found) == ["Be brief.", "One?", "Two.", "Three?"]
    assert found.starts_at is None


def test_other_branches_are_not_sent(alice: User) -> None:
    thread = Thread(alice)
    first = thread.add(Role.USER, "One?")
    thread.add(Role.ASSISTANT, "Wrong.", model="qwen-plus")
    thread.last = first
    found = context.build(thread.conversation, thread.answer(), Options())
    assert contents(found) == ["One?"]


def test_an_answer_that_failed_is_left_out(alice: User) -> None:
    thread = Thread(alice)
    thread.exchange("One?", "")
    thread.add(Role.USER, "Again?")
    found = context.build(thread.conversation, thread.answer(), Options())
    assert contents(found) == ["One?", "Again?"]


def test_a_long_branch_loses_its_oldest_and_says_where_it_starts(alice: User) -> None:
    thread = Thread(alice)
    for number in range(30):
        thread.exchange(f"Question {number}", "word " * 1200)
    last = thread.add(Role.USER, "And now?")
    found = context.build(thread.conversation, thread.answer("qwen-max"), Options())
    assert found.messages[-1]["content"] == "And now?"
    assert found.messages[0]["role"] == "user"
    assert 2 < len(found.messages) < 61
    start = Message.objects.get(id=found.starts_at)
    assert start.text == found.messages[0]["content"]
    assert last.id != start.id


def test_a_question_longer_than_the_model_is_refused(alice: User) -> None:
    thread = Thread(alice)
    thread.add(Role.USER, "字" * 60_000)
    with pytest.raises(ContextTooLongError):
        context.build(thread.conversation, thread.answer("qwen-max"), Options())


def test_a_branch_of_ten_thousand_messages_reads_what_it_sends(
    alice: User, django_assert_max_num_queries: Any
) -> None:
    thread = Thread(alice)
    rows = [
        Message(
            conversation=thread.conversation,
            number=number,
            role=Role.USER if number % 2 else Role.ASSISTANT,
            text="word " * 400,
        )
        for number in range(1, 10_001)
    ]
    for before, row in itertools.pairwise(rows):
        row.parent_id = before.id
    Message.objects.bulk_create(rows, batch_size=500)
    thread.last, thread.conversation.next_number = rows[-1], 10_001
    thread.add(Role.USER, "And now?")
    answer = thread.answer("qwen-max")
    with django_assert_max_num_queries(4):
        found = context.build(thread.conversation, answer, Options())
    assert len(found.messages) < 100


@pytest.mark.parametrize(
    "text", ["", "plain English words", "中文文本，没有空格。", "def f():\n    return 1\n"]
)
def test_estimates_are_on_the_safe_side(text: str) -> None:
    assert estimated_tokens(text) >= len(text) // 4
    assert tokens_of_lengths(len(text), len(text.encode())) == estimated_tokens(text)


def found_out(answer: Message, result: str, name: str = "add") -> None:
    Round.objects.create(message=answer, number=1, body={})
    ToolCall.objects.create(
        message=answer, round=1, position=0, call_id="c", name=name, result=result, status="done"
    )


def sent_results(thread: Thread, model: str = "qwen-plus") -> list[str]:
    found = context.build(thread.conversation, thread.answer(model), Options(tools=("add",)))
    return [each["content"] for each in found.messages if each["role"] == "tool"]


@pytest.mark.parametrize(("characters", "goes"), [(9_000, 1), (30_000, 0)])
def test_results_are_counted_as_their_language_takes(
    alice: User, characters: int, goes: int
) -> None:
    thread = Thread(alice)
    thread.exchange("Tea?", "Yes.")
    assert thread.last is not None
    found_out(thread.last, "茶" * characters)
    thread.add(Role.USER, "And now?")
    assert len(sent_results(thread)) == goes


def test_results_of_other_branches_take_no_room(alice: User) -> None:
    thread = Thread(alice)
    thread.exchange("Tea?", "Yes.")
    assert thread.last is not None
    found_out(thread.last, "Green.")
    question = thread.add(Role.USER, "And now?")
    other = thread.add(Role.ASSISTANT, "Hm.", parent=question, model="qwen-plus")
    rows = [ToolCall(message=other, round=1, position=n, call_id=f"c{n}") for n in range(250)]
    ToolCall.objects.bulk_create(rows)
    thread.last = question
    (only,) = sent_results(thread)
    assert "Green." in only


def test_results_never_crowd_out_what_was_said(alice: User, settings: Any) -> None:
    settings.QWENCHAT_CONTEXT_TOKENS = 4_000
    settings.DASHSCOPE_BASE_URL = "http://127.0.0.1:9/v1"
    thread = Thread(alice)
    thread.exchange("Tea?", "Yes.")
    assert thread.last is not None
    found_out(thread.last, "t" * 30_000)
    thread.add(Role.USER, "And now?")
    answer = thread.answer("some-model")
    found = context.build(thread.conversation, answer, Options(tools=("add",)))
    assert contents(found) == ["Tea?", "Yes.", "And now?"]


def test_a_cut_answer_goes_on_by_the_services_prefix_mode(alice: User) -> None:
    thread = Thread(alice)
    thread.add(Role.USER, "Count")
    found = context.build(thread.conversation, thread.answer(text="One two"), Options())
    assert found.messages[-1] == {"role": "assistant", "content": "One two", "partial": True}
    assert found.is_prefix


def test_elsewhere_a_cut_answer_is_asked_to_go_on_in_words(alice: User, settings: Any) -> None:
    settings.DASHSCOPE_BASE_URL = "http://127.0.0.1:9/v1"
    thread = Thread(alice)
    thread.add(Role.USER, "Count")
    found = context.build(thread.conversation, thread.answer("llama", text="One two"), Options())
    assert found.messages[-2] == {"role": "assistant", "content": "One two"}
    assert found.messages[-1]["role"] == "user"
    assert not found.is_prefix


def test_the_servers_system_prompt_knows_the_date(alice: User, settings: Any) -> None:
    settings.QWENCHAT_SYSTEM_PROMPT = "Today is {date}."
    thread = Thread(alice)
    thread.add(Role.USER, "Hi")
    found = context.build(thread.conversation, thread.answer(), Options())
    assert found.messages[0]["content"] == f"Today is {timezone.now().date().isoformat()}."


def test_the_newest_words_name_addresses_however_much_was_said_before(alice: User) -> None:
    thread = Thread(alice)
    for _ in range(30):
        thread.exchange("https://old.example/ " + "t" * 99_000, "Yes.")
    thread.add(Role.USER, "Open https://new.example/page")
    known = addresses.collected(addresses.named(thread.answer().id))
    assert known.holds("https://new.example/page")
    many = " ".join(f"https://a.example/{n}" for n in range(30_000))
    newest = addresses.collected(addresses.Named(said=["https://new.example/", many]))
    assert newest.holds("https://new.example/")
