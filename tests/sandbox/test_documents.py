"""Questions about uploaded documents: the answer is about the text that is really in the file."""

from __future__ import annotations

import io
import os
import zipfile

import openai
import pytest

from . import media

STORY = (
    "The lighthouse keeper was called Marta. She counted ships every evening. "
    "In winter the harbour froze for nine weeks. Nobody came then."
)
CHINESE = "灯塔的看守人叫玛尔塔。她每天晚上数船。冬天港口要封冻九个星期。"


@pytest.fixture
def uploaded(client, ready):
    def upload(name, data):
        file = client.files.create(file=(name, data), purpose="file-extract")
        ready(file.id)
        return file.id

    return upload


def ask(client, question, *file_ids, model="qwen-long", before=()):
    named = {"role": "system", "content": ",".join(f"fileid://{name}" for name in file_ids)}
    return client.chat.completions.create(
        model=model,
        messages=[*before, named, {"role": "user", "content": question}],
    )


FORMATS = {
    "story.txt": STORY.encode(),
    "story.md": f"# A story\n\n{STORY}".encode(),
    "story.json": f'{{"story": "{STORY}"}}'.encode(),
    "story.csv": f'name,told\nMarta,"{STORY}"\n'.encode(),
    "story.docx": media.docx("A story", STORY),
    "table.docx": media.docx("A story", rows=[("keeper", "told"), ("Marta", STORY)]),
    "story.xlsx": media.xlsx([("keeper", "told"), ("Marta", STORY)]),
    "story.pdf": media.pdf("The lighthouse keeper was called Marta.", STORY[39:], "The end."),
    "story.epub": media.epub("A <b>story</b>", STORY),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_text_of_every_format_is_really_read(client, uploaded, name):
    file_id = uploaded(name, FORMATS[name])
    answer = ask(client, "How long did the harbour freeze in winter?", file_id)
    text = answer.choices[0].message.content
    assert name.replace("_", "\\_") in text
    assert "> In winter the harbour froze for nine weeks." in text
    assert answer.usage.prompt_tokens > 30


def test_pages_are_counted_where_there_are_any(client, uploaded):
    file_id = uploaded("story.pdf", FORMATS["story.pdf"])
    assert "on 3 pages" in ask(client, "Who?", file_id).choices[0].message.content


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "utf-8-sig"])
def test_chinese_is_read_in_every_encoding(client, uploaded, encoding):
    file_id = uploaded("故事.txt", CHINESE.encode(encoding))
    text = ask(client, "港口封冻多久？", file_id).choices[0].message.content
    assert "**故事.txt** 有 30 个词" in text or "**故事.txt** 有" in text
    assert "开头是：“灯塔的看守人叫玛尔塔" in text
    assert "> 冬天港口要封冻九个星期。" in text


def test_several_documents_are_read_together_and_apart(client, uploaded):
    one = uploaded("one.txt", b"Apples are red. Nothing else is said.")
    two = uploaded("two.txt", b"Plums are blue. Nothing else is said.")
    together = ask(client, "Which fruit is blue?", one, two).choices[0].message.content
    assert "> Plums are blue." in together
    assert "**one.txt**" in together
    later = client.chat.completions.create(
        model="qwen-long",
        messages=[
            {"role": "system", "content": "You are careful."},
            {"role": "system", "content": f"fileid://{one}"},
            {"role": "user", "content": "Which fruit is red?"},
            {"role": "assistant", "content": "Apples."},
            {"role": "system", "content": f"fileid://{two}"},
            {"role": "user", "content": "And which is blue?"},
        ],
    )
    assert "**one.txt**" in later.choices[0].message.content
    assert "> Plums are blue." in later.choices[0].message.content


def test_a_document_still_being_read_is_refused_until_it_is_read(client, ready):
    # Eight megabytes that need no reading, only the time that a file of this size has.
    out = io.BytesIO(FORMATS["story.docx"])
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("padding", os.urandom(8 * 1024**2))
    file = client.files.create(file=("long.docx", out.getvalue()), purpose="file-extract")
    with pytest.raises(openai.BadRequestError, match="File parsing in progress"):
        ask(client, "Who?", file.id)
    ready(file.id)
    assert "words" in ask(client, "Who?", file.id).choices[0].message.content


def refused(client, *messages, model="qwen-long"):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=list(messages))
    return caught.value.body["message"]


USER = {"role": "user", "content": "What is it about?"}


def system(text):
    return {"role": "system", "content": text}


def test_files_that_can_t_be_asked_about_are_refused(client, uploaded):
    assert refused(client, system("fileid://file-fe-x"), USER) == "Invalid file [id:file-fe-x]."
    gone = uploaded("a.txt", b"text")
    client.files.delete(gone)
    assert refused(client, system(f"fileid://{gone}"), USER) == (
        f"File [id:{gone}] cannot be found."
    )
    blank = uploaded("blank.txt", b" \n \n")
    assert refused(client, system(f"fileid://{blank}"), USER).endswith("content blank.")
    lying = uploaded("lying.pdf", b"not a PDF at all")
    assert "file parsing failed" in refused(client, system(f"fileid://{lying}"), USER)
    picture = uploaded("picture.png", media.image())
    assert "format is not supported" in refused(client, system(f"fileid://{picture}"), USER)


def test_file_messages_hold_files_only_and_come_before_the_question(client, uploaded):
    file_id = uploaded("a.txt", b"text")
    mixed = refused(client, system(f"Read this: fileid://{file_id}"), USER)
    assert mixed.startswith("Invalid file [id:Read this")
    late = refused(client, USER, system(f"fileid://{file_id}"))
    assert "must come before the user message" in late
    many = ",".join(f"fileid://{file_id}" for _ in range(101))
    assert refused(client, system(many), USER) == "Too many files provided."
    two = system(f"fileid://{file_id},fileid://{file_id}")
    assert refused(client, two, USER, model="qwen-doc-turbo") == "Too many files provided."
    long = refused(client, {"role": "user", "content": "word " * 9100})
    assert long.endswith("Range of input length should be [1, 9000]")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    from qwenchat.sandbox.documents import bounds, read_document
    from qwenchat.sandbox.refusals import Refused

    monkeypatch.setattr(bounds, "MAX_UNPACKED_BYTES", 1024**2)
    bomb = tmp_path / "bomb"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(2 * 1024**2))
    with pytest.raises(Refused, match="exceeds size limit"):
        read_document(bomb, "bomb.docx", "file-fe-x")


def test_a_document_takes_so_long_and_so_many_pages_at_most(tmp_path, monkeypatch):
    from qwenchat.sandbox.documents import read_document, reading
    from qwenchat.sandbox.refusals import Refused

    book = tmp_path / "book"
    book.write_bytes(media.epub("one", "two", "three"))
    assert read_document(book, "book.epub", "x").pages == 3
    monkeypatch.setattr(reading, "MAX_PAGES", 2)
    with pytest.raises(Refused, match="exceeds page limits"):
        read_document(book, "book.epub", "x")
    monkeypatch.setattr(reading, "READS_FOR_S", -1.0)
    with pytest.raises(Refused, match="processing timeout"):
        read_document(book, "book.epub", "x")


def test_other_models_take_a_file_message_for_text(client):
    answer = client.chat.completions.create(
        model="qwen-plus", messages=[system("fileid://file-fe-x"), USER]
    )
    assert "system prompt" in answer.choices[0].message.content
