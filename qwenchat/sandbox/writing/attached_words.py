"""The sentences about attached things, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

_COLOURS = (
    "black", "white", "grey", "red", "orange", "yellow", "green", "cyan", "blue", "purple",
    "pink", "brown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    picture: str
    frames: str
    clip: str
    sound: str
    options: str
    course: str
    still: str
    changes_once: str
    changes: str
    document: str
    page: str
    pages: str
    begins: str
    match: str
    no_match: str
    more_documents: str
    joined: str
    colours: dict[str, str]


ENGLISH = Words(
    picture=(
        "**Picture {number}** is a {format} of {size} pixels ({bytes} bytes). A model would look "
        "at it as {scaled} pixels, for {tokens} tokens. Its colours are mostly {colours}."
    ),
    frames=(
        "**Video {number}** came as {count} frames of {size} pixels. A model would look at each "
        "as {scaled} pixels, {tokens} tokens in all. {course}"
    ),
    clip=(
        "**Video {number}** is a file ({format}, {codec}) of {duration} s and {size} pixels, "
        "{rate} frames a second. A model would look at {count} frames of it as {scaled} pixels, "
        "{tokens} tokens in all. {course}"
    ),
    sound=" It has a sound track, which models of this kind don't hear.",
    options=" With it came {options}.",
    course="It begins {first} and ends {last} (in order: {listed}).",
    still=" Nothing changes from frame to frame.",
    changes_once=" The picture changes once.",
    changes=" The picture changes {count} times.",
    document="**{name}** has {words} words ({characters} characters, {tokens} tokens)",
    page=" on 1 page",
    pages=" on {count} pages",
    begins=". It begins: “{start}”",
    match="What it says that fits your question best:",
    no_match="None of its sentences shares a word with your question.",
    more_documents="There are {count} documents in all; the others were read too.",
    joined=" and ",
    colours={name: name for name in _COLOURS},
)
CHINESE = Words(
    picture=(
        "**图片 {number}** 是 {format} 格式，{size} 像素（{bytes} 字节）。模型会按 {scaled} 像素来看，"
        "合 {tokens} 个词元。主要的颜色是{colours}。"
    ),
    frames=(
        "**视频 {number}** 是 {count} 帧画面，每帧 {size} 像素。模型会按 {scaled} 像素来看每一帧，"
        "一共 {tokens} 个词元。{course}"
    ),
    clip=(
        "**视频 {number}** 是一个文件（{format}，{codec}），长 {duration} 秒，{size} 像素，每秒 {rate} "
        "帧。模型会看其中的 {count} 帧，按 {scaled} 像素，一共 {tokens} 个词元。{course}"
    ),
    sound="它有声音，不过这类模型听不见。",
    options="一起来的选项是 {options}。",
    course="开头是{first}，结尾是{last}（依次是：{listed}）。",
    still="各帧之间没有变化。",
    changes_once="画面变了一次。",
    changes="画面变了 {count} 次。",
    document="**{name}** 有 {words} 个词（{characters} 个字符，{tokens} 个词元）",
    page="，共 1 页",
    pages="，共 {count} 页",
    begins="。开头是：“{start}”",
    match="与你的问题最相符的句子：",
    no_match="里面没有一句话和你的问题有相同的词。",
    more_documents="一共有 {count} 份文档，其余的也都读过了。",
    joined="和",
    colours=dict(
        zip(
            _COLOURS,
            (
                "黑色",
                "白色",
                "灰色",
                "红色",
                "橙色",
                "黄色",
                "绿色",
                "青色",
                "蓝色",
                "紫色",
                "粉色",
                "棕色",
            ),
            strict=True,
        )
    ),
)
