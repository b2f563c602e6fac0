from __future__ import annotations

import pytest

from qwenchat.dashscope.payloads import (
    FieldError,
    arranged,
    assistant,
    chat,
    file_messages,
    system,
    user,
)


def test_files_are_named_together_or_one_by_one():
    assert file_messages(["file-fe-a", "file-fe-b"]) == [
        system("fileid://file-fe-a,fileid://file-fe-b")
    ]
    assert file_messages(["file-fe-a", "file-fe-b"], together=False) == [
        system("fileid://file-fe-a"),
        system("fileid://file-fe-b"),
    ]
    assert file_messages([]) == []


@pytest.mark.parametrize("file_id", ["", "a,b", "fileid://a", "a b", "文", "x" * 201])
def test_what_is_no_id_is_refused(file_id):
    with pytest.raises(FieldError, match="files"):
        file_messages([file_id])


def test_too_many_files_are_refused():
    ids = [f"file-fe-{number}" for number in range(101)]
    with pytest.raises(FieldError, match="101") as caught:
        file_messages(ids)
    assert caught.value.maximum == 100
    halves = [*file_messages(ids[:60]), *file_messages(ids[60:]), user("?")]
    with pytest.raises(FieldError, match="101"):
        chat("qwen-long", halves)
    with pytest.raises(FieldError, match="101"):
        arranged([user("?")], files={0: ids[:60], 5: ids[60:]})


def test_prompt_files_and_dialogue_stand_in_the_services_order():
    dialogue = [user("Sum it up."), assistant("It says …"), user("And this one?")]
    assert arranged(
        dialogue, prompt="Be brief.", files={0: ["file-fe-a", "file-fe-b"], 2: ["file-fe-c"]}
    ) == [
        system("Be brief."),
        system("fileid://file-fe-a,fileid://file-fe-b"),
        dialogue[0],
        dialogue[1],
        system("fileid://file-fe-c"),
        dialogue[2],
    ]
    assert arranged(dialogue, files={}) == dialogue


@pytest.mark.parametrize(
    "text",
    [
        "Read fileid://file-fe-a",
        "fileid://file-fe-a and more",
        "fileid://",
        "fileid://a;fileid://b",
    ],
)
def test_prose_and_references_never_share_a_message(text):
    with pytest.raises(FieldError, match="apart"):
        chat("qwen-long", [system(text), user("?")])


def test_a_prompt_cannot_name_somebody_elses_file():
    with pytest.raises(FieldError, match="system"):
        arranged([user("?")], prompt="fileid://file-fe-theirs", files={})


def test_models_that_take_no_files_may_be_told_about_references():
    assert chat("qwen-plus", [system("Explain fileid:// to people."), user("?")])


def test_a_person_may_write_about_references():
    assert chat("qwen-long", [user("What does fileid://x mean?")])
