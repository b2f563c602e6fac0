"""The sandbox speaking Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenchat.sandbox import languages
from qwenchat.sandbox.counting import characters
from qwenchat.sandbox.writing.chinese_library import LIBRARY, NOTES
from qwenchat.sandbox.writing.chinese_showcase import SHOWCASE
from qwenchat.sandbox.writing.samples import sample
from qwenchat.sandbox.writing.voice import excerpt, options_line

if TYPE_CHECKING:
    from qwenchat.sandbox.writing.received import Received

_GREETINGS = ("你好", "您好", "嗨", "哈喽", "早上好", "晚上好", "下午好")
_MEDIA = {"image": "张图片", "video": "段视频", "audio": "段音频"}


def _language(received: Received) -> str:
    return languages.NAMES[received.language][1]


def _media(received: Received) -> str:
    kinds = sorted(set(received.media))
    return "和".join(f"{received.media.count(kind)} {_MEDIA[kind]}" for kind in kinds)


class Chinese:
    library = LIBRARY
    notes = NOTES

    def opening(self, received: Received) -> str:
        size = f"**{received.characters:,} 个字**（{received.tokens:,} 个词元）"
        if not received.question.strip():
            only = f"，只有{_media(received)}" if received.media else ""
            return f"我是 qwenchat 的沙盒。你的消息收到了，不过里面没有文字{only}。"
        hello = "你好！" if received.question.strip().startswith(_GREETINGS) else ""
        first = received.pick(
            (
                f"我是 qwenchat 的沙盒，你的消息都收到了：{size}，用的是{_language(received)}。",
                f"消息收到了：{size}，用的是{_language(received)}。我是 qwenchat 的沙盒。",
                f"这里是 qwenchat 的沙盒。我从你那里收到了 {size}，写的是{_language(received)}。",
            ),
            "opening",
        )
        pictures = f"一起来的还有{_media(received)}。" if received.media else ""
        return hello + first + pictures

    def circumstances(self, received: Received) -> str:
        if received.earlier_messages:
            story = (
                f"这是本次对话的第 {received.question_number} 个问题，随它而来的还有先前的 "
                f"{received.earlier_messages:,} 条消息；最早的一条是"
                f"“{excerpt(received.first_question)}”。"
            )
        else:
            story = "这是本次对话的第一条消息，前面什么也没有。"
        if received.system_prompt is None:
            story += "没有系统提示词。"
        else:
            story += f"前面有一段 {characters(received.system_prompt):,} 个字的系统提示词。"
        options = options_line(received)
        if options:
            story += f"收到的选项是：{options}。"
        else:
            story += "没有收到任何选项，真正的模型会用它自己的默认值。"
        if received.tools:
            names = "、".join(f"`{name}`" for name in received.tools)
            story += f"还有 {len(received.tools)} 个可用的工具：{names}。"
        return story

    def hint(self, received: Received) -> str:
        return received.pick(
            (
                "想看看页面能显示什么，可以让我*写 500 字*、给*一个表格*、*一段代码*、*一个公式*，"
                "或者*展示全部*。输入 `/sandbox help`，我会列出能模拟的各种故障。",
                "接下来可以要*一个列表*、*一段引用*、*一个脚注*，或者*写 200 字*。"
                "`/sandbox help` 会告诉你怎样故意看到各种错误。",
                "想看页面的更多样子，就让我*展示全部*；想看它忙起来的样子，就让我*写 2000 字*，"
                "再在半路叫停。其余的见 `/sandbox help`。",
            ),
            "hint",
        )

    def facts(self, received: Received) -> list[tuple[str, str]]:
        rows = [
            ("字数", f"{received.characters:,}"),
            ("词元", f"{received.tokens:,}"),
            ("语言", _language(received)),
            ("所要的模型", f"`{received.model}`"),
            ("先前的消息", f"{received.earlier_messages:,}"),
            ("系统提示词", "没有" if received.system_prompt is None else "有"),
            ("整个提示", f"{received.prompt_tokens:,} 个词元"),
        ]
        if received.media:
            rows.append(("附件", _media(received)))
        rows.append(("选项", options_line(received) or "没有"))
        return rows

    def table(self, received: Received) -> str:
        rows = "\n".join(f"| {name} | {value} |" for name, value in self.facts(received))
        return f"我收到的东西，列成表格是这样：\n\n| 项目 | 收到的 |\n| :--- | ---: |\n{rows}"

    def code(self, received: Received, language: str) -> str:
        return (
            "一个关于你这条消息的小程序：\n\n"
            f"{sample(received, language)}\n\n"
            "它不依赖别的东西，复制下来就能运行。"
        )

    def formula(self, received: Received) -> str:
        n = received.prompt_tokens
        return (
            "一个回答要花多长时间，取决于它的长度 $n$、速度 $r$，以及等待第一个词元的时间 "
            "$t_0$：\n\n"
            "$$\nT = t_0 + \\frac{n}{r}\n$$\n\n"
            f"取 $n = {n}$，也就是你这次提示的词元数，再取 $r = 60$，照这个速度读一遍要花 "
            f"\\(\\frac{{{n}}}{{60}} \\approx {n / 60:.1f}\\) 秒。"
            "如果一次对话有 $k$ 个问题，每次都把前面的重读一遍，费用就会这样增长：\n\n"
            "\\[\n\\sum_{i=1}^{k} i = \\frac{k(k+1)}{2}\n\\]"
        )

    def list_(self, received: Received) -> str:
        return (
            "你的消息经过了这样几步：\n\n"
            f"1. 你写了 {received.characters:,} 个字。\n"
            "2. 服务器先把它们保存下来。\n"
            f"3. 然后和先前的 {received.earlier_messages:,} 条消息一起打包：\n"
            f"   - {'有' if received.system_prompt is not None else '没有'}系统提示词\n"
            f"   - {len(received.options)} 个选项\n"
            f"   - 一共 {received.prompt_tokens:,} 个词元\n"
            "4. 我把收到的东西数了一遍。\n"
            "5. 你现在正在读结果。\n\n"
            "剩下的事情：\n\n"
            "- [x] 收到消息\n"
            "- [x] 回答\n"
            "- [ ] 读完回答"
        )

    def quote(self, received: Received) -> str:
        return (
            "你的原话，照我收到的样子：\n\n"
            f"> {excerpt(received.question, 200)}\n>\n"
            f"> ——你，本次对话的第 {received.question_number} 个问题"
        )

    def footnote(self, received: Received) -> str:
        return (
            f"你的消息有 {received.tokens:,} 个词元[^词元]，整个提示有 "
            f"{received.prompt_tokens:,} 个。[^提示]\n\n"
            "[^词元]: 用沙盒自己的简单分词器数的；真正的模型会得到略有不同的数目。\n"
            "[^提示]: 包括先前的消息、系统提示词，以及每条消息外面的几个词元。"
        )

    def everything(self, received: Received) -> str:
        rows = "\n".join(f"| {name} | {value} |" for name, value in self.facts(received))
        return SHOWCASE.format(
            table=rows,
            python=sample(received, "python"),
            javascript=sample(received, "javascript"),
            bash=sample(received, "bash"),
            quote=excerpt(received.question, 200),
            tokens=f"{received.tokens:,} 个词元",
        )

    def help(self, manual: str) -> str:
        return (
            "我是 qwenchat 的沙盒。想看看出问题时页面是什么样子，就让消息的某一行以 `/sandbox` "
            f"开头，后面跟上其中一个：\n\n```text\n{manual}\n```\n\n"
            "消息的其余部分仍然是问题，几行可以合用。回答中途的故障只在重新开始的时候发生："
            "点“继续”会顺利写完。"
        )

    def observations(self, received: Received, wishes: str) -> list[str]:
        seen = [
            f"这条消息有 {received.characters:,} 个字，用的是{_language(received)}。",
            f"开头是“{excerpt(received.question, 20)}”。"
            if received.question
            else "里面没有文字。",
        ]
        if received.earlier_messages:
            seen.append(
                f"在它之前有 {received.earlier_messages:,} 条消息，最早的是"
                f"“{excerpt(received.first_question, 20)}”，所以这是接着聊。"
            )
        else:
            seen.append("之前什么都没说过，所以得先介绍一下自己。")
        if received.system_prompt is not None:
            seen.append("有系统提示词；我能说出它的长短，但不会照着它做。")
        options = options_line(received)
        seen.append(f"选项是：{options}。" if options else "没有设置选项。")
        seen.append(f"要的是{wishes}。" if wishes else "没有要求特别的形式。")
        seen.append(
            received.pick(
                (
                    "我只是沙盒，对世界一无所知，所以就用数得出来的东西来回答。",
                    "不能装得像什么都知道的模型。老老实实数数，是我能做的。",
                ),
                "thinking",
            )
        )
        return seen

    def wishes(self, parts: tuple[str, ...], unit: str | None, length: int) -> str:
        named = {
            "table": "表格", "code": "代码", "formula": "公式", "list": "列表",
            "quote": "引用", "footnote": "脚注", "everything": "全部格式",
        }  # fmt: skip
        wanted = [named[part] for part in parts]
        if unit:
            wanted.insert(0, f"一篇 {length:,} 字的文字")
        return "，然后是".join(wanted)

    def foreign_prefix(self, received: Received) -> str:
        return (
            "前面这段文字不是我会写的，所以我只能补上一句：它是对"
            f"“{excerpt(received.question)}”的回答的开头，真正的模型会从它的最后一个字接着写。"
        )
