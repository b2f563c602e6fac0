"""The sandbox speaking English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenchat.sandbox import languages
from qwenchat.sandbox.counting import words
from qwenchat.sandbox.writing.english_library import LIBRARY, NOTES
from qwenchat.sandbox.writing.english_showcase import SHOWCASE
from qwenchat.sandbox.writing.samples import sample
from qwenchat.sandbox.writing.voice import excerpt, options_line

if TYPE_CHECKING:
    from qwenchat.sandbox.writing.received import Received

_GREETINGS = frozenset(["hello", "hi", "hey", "hallo", "bonjour", "hola", "greetings"])


def _n(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _language(received: Received) -> str:
    return languages.NAMES[received.language][0]


def _media(received: Received) -> str:
    kinds = sorted(set(received.media))
    return " and ".join(_n(received.media.count(kind), kind) for kind in kinds)


class English:
    library = LIBRARY
    notes = NOTES

    def opening(self, received: Received) -> str:
        size = f"**{_n(received.words, 'word')}** ({_n(received.characters, 'character')})"
        if not received.question.strip():
            return (
                "I am the qwenchat sandbox. Your message arrived, but there was no text in it"
                + (f", only {_media(received)}." if received.media else ".")
            )
        hello = ""
        if received.question.split()[0].strip(",.!？?！").lower() in _GREETINGS:
            hello = "Hello! "
        first = received.pick(
            (
                f"I am the qwenchat sandbox, and your message reached me whole: {size}, in "
                f"{_language(received)}.",
                f"Your message has arrived: {size}, in {_language(received)}. I am the qwenchat "
                "sandbox.",
                f"This is the qwenchat sandbox. I received {size} from you, written in "
                f"{_language(received)}.",
            ),
            "opening",
        )
        pictures = f" With it came {_media(received)}." if received.media else ""
        return hello + first + pictures

    def circumstances(self, received: Received) -> str:
        if received.earlier_messages:
            story = (
                f"It is question {received.question_number} of this conversation, and "
                f"{_n(received.earlier_messages, 'earlier message')} came along with it; the "
                f"first was “{excerpt(received.first_question)}”."
            )
        else:
            story = "It is the first message of this conversation; nothing came before it."
        if received.system_prompt is None:
            story += " There was no system prompt."
        else:
            story += f" A system prompt of {_n(words(received.system_prompt), 'word')} preceded it."
        options = options_line(received)
        if options:
            story += f" These options were sent: {options}."
        else:
            story += " No options were sent, so a model would use its own defaults."
        if received.tools:
            names = ", ".join(f"`{name}`" for name in received.tools)
            story += f" I was offered {_n(len(received.tools), 'tool')}: {names}."
        return story

    def hint(self, received: Received) -> str:
        return received.pick(
            (
                "Ask me for *500 words*, *a table*, *code*, *a formula*, or *everything* to see "
                "what the page can show. With `/sandbox help` I list the troubles I can imitate.",
                "You could ask for *a list*, *a quote*, *a footnote* or *a 200-word text* next. "
                "`/sandbox help` tells you how to see errors on purpose.",
                "To see more of the page, ask for *everything*; to see it under strain, ask for "
                "*2000 words* and stop me half-way. `/sandbox help` lists the rest.",
            ),
            "hint",
        )

    def facts(self, received: Received) -> list[tuple[str, str]]:
        rows = [
            ("Words", f"{received.words:,}"),
            ("Characters", f"{received.characters:,}"),
            ("Tokens", f"{received.tokens:,}"),
            ("Language", _language(received)),
            ("Model asked for", f"`{received.model}`"),
            ("Earlier messages", f"{received.earlier_messages:,}"),
            ("System prompt", "no" if received.system_prompt is None else "yes"),
            ("Whole prompt", _n(received.prompt_tokens, "token")),
        ]
        if received.media:
            rows.append(("Attached", _media(received)))
        rows.append(("Options", options_line(received) or "none"))
        return rows

    def table(self, received: Received) -> str:
        rows = "\n".join(f"| {name} | {value} |" for name, value in self.facts(received))
        return f"What I received, as a table:\n\n| What | Received |\n| :--- | ---: |\n{rows}"

    def code(self, received: Received, language: str) -> str:
        return (
            "A small program about your message:\n\n"
            f"{sample(received, language)}\n\n"
            "It stands on its own, so you can copy it and run it."
        )

    def formula(self, received: Received) -> str:
        n = received.prompt_tokens
        return (
            "How long an answer takes follows from its length $n$, its rate $r$ and the wait "
            "$t_0$ for the first token:\n\n"
            "$$\nT = t_0 + \\frac{n}{r}\n$$\n\n"
            f"With $n = {n}$, the tokens of your prompt, and $r = 60$ a second, reading it aloud "
            f"at that pace would take \\(\\frac{{{n}}}{{60}} \\approx {n / 60:.1f}\\) seconds. "
            "Summed over a conversation of $k$ questions that are each read again, the cost "
            "grows like\n\n"
            "\\[\n\\sum_{i=1}^{k} i = \\frac{k(k+1)}{2}\n\\]"
        )

    def list_(self, received: Received) -> str:
        return (
            "What happened to your message, step by step:\n\n"
            f"1. You wrote {_n(received.words, 'word')}.\n"
            "2. The server saved them before anything else.\n"
            f"3. It packed them with {_n(received.earlier_messages, 'earlier message')}:\n"
            f"   - {'a' if received.system_prompt is not None else 'no'} system prompt\n"
            f"   - {_n(len(received.options), 'option')}\n"
            f"   - {_n(received.prompt_tokens, 'token')} altogether\n"
            "4. I counted what came.\n"
            "5. You are reading the result.\n\n"
            "And what is left to do:\n\n"
            "- [x] receive the message\n"
            "- [x] answer it\n"
            "- [ ] read the answer"
        )

    def quote(self, received: Received) -> str:
        return (
            "Your own words, as I received them:\n\n"
            f"> {excerpt(received.question, 200)}\n>\n"
            f"> — you, question {received.question_number} of this conversation"
        )

    def footnote(self, received: Received) -> str:
        return (
            f"Your message has {_n(received.tokens, 'token')}[^tokens] and the whole prompt "
            f"{_n(received.prompt_tokens, 'token')}.[^prompt]\n\n"
            "[^tokens]: Counted by the sandbox's own simple tokenizer; a model would come to a "
            "slightly different number.\n"
            "[^prompt]: With the earlier messages, the system prompt, and a few tokens around "
            "each message."
        )

    def everything(self, received: Received) -> str:
        rows = "\n".join(f"| {name} | {value} |" for name, value in self.facts(received))
        return SHOWCASE.format(
            table=rows,
            python=sample(received, "python"),
            javascript=sample(received, "javascript"),
            bash=sample(received, "bash"),
            quote=excerpt(received.question, 200),
            tokens=_n(received.tokens, "token"),
        )

    def help(self, manual: str) -> str:
        return (
            "I am the qwenchat sandbox. To see how the page behaves when something goes wrong, "
            "begin a line of your message with `/sandbox` and one of these:\n\n"
            f"```text\n{manual}\n```\n\n"
            "The rest of the message is the question, and lines can be combined. A failure in "
            "mid-answer happens only when the answer starts afresh: *Continue* goes through."
        )

    def observations(self, received: Received, wishes: str) -> list[str]:
        seen = [
            f"The message has {_n(received.words, 'word')} and is in {_language(received)}.",
            f"It begins with “{excerpt(received.question, 40)}”."
            if received.question
            else "It has no text.",
        ]
        if received.earlier_messages:
            seen.append(
                f"Before it there are {_n(received.earlier_messages, 'message')}, the first of "
                f"which was “{excerpt(received.first_question, 40)}”, so this continues a "
                "conversation."
            )
        else:
            seen.append("Nothing was said before, so I have to introduce myself.")
        if received.system_prompt is not None:
            seen.append(
                "There is a system prompt; I can tell its length, though I don't follow it."
            )
        options = options_line(received)
        seen.append(f"The options are {options}." if options else "No options were set.")
        seen.append(
            f"What is wanted is {wishes}." if wishes else "No particular form is asked for."
        )
        seen.append(
            received.pick(
                (
                    "I am only a sandbox and know nothing of the world, so I answer with what I "
                    "can count.",
                    "I must not sound like a model that knows things. Counting is what I can do "
                    "honestly.",
                ),
                "thinking",
            )
        )
        return seen

    def wishes(self, parts: tuple[str, ...], unit: str | None, length: int) -> str:
        named = {
            "table": "a table", "code": "some code", "formula": "a formula", "list": "a list",
            "quote": "a quote", "footnote": "a footnote", "everything": "one of everything",
        }  # fmt: skip
        wanted = [named[part] for part in parts]
        if unit:
            wanted.insert(0, f"a text of {length:,} {unit}")
        return ", then ".join(wanted)

    def foreign_prefix(self, received: Received) -> str:
        return (
            "The text so far isn't one that I would have written, so I can only add this: it is "
            f"the beginning of an answer to “{excerpt(received.question)}”, and a model would go "
            "on from its last word."
        )
