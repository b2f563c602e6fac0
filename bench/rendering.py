"""What rendering a streamed kilobyte costs as an answer grows to 100 KB.

    python -m bench.rendering

The text comes a few characters at a time, as a model sends it, and after each piece the HTML to
show is asked for, as each frame to a page does. Three renderers in one run, on the same text:

- incremental: what the app uses;
- tail anew: finished blocks are kept, the last is always parsed and drawn again;
- all anew: ``render`` of everything at every piece (measured on a few pieces, then multiplied).

CPU time of this process, milliseconds a kilobyte (1,024 characters). The mixed answer repeats one
section of about 3 KB, each time with other words and numbers so that nothing is merely remembered,
and each figure is the mean over three sections: the sizes are compared on equal content.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from qwenchat.markup import Incremental, render
from qwenchat.markup import incremental as module

if TYPE_CHECKING:
    from collections.abc import Callable

PIECE = 16  # characters: two to four tokens, a frame at 25 a second
KB = 1024
SIZES_KB = (1, 10, 25, 50, 100)

SECTION = """## Part {n}: 第{n}部分

The measurement of run {n} went as planned, and the *second* reading agrees with the first within
0.{n} percent. It cost $5 and $10, see [the notes](https://example.org/{n}) for `run_{n}()`.

**注意：**第{n}次测量的结果和前一次基本一致，误差在百分之{n}以内。我们先看数据，再下结论，不要着急。温度从早上开始
慢慢上升，到中午达到最高点，然后又慢慢下降，一直到晚上都没有明显的变化。请看**“表{n}”**。

- first item of {n}, with a few plain words behind it
- second item, **bold {n}** and `code`
  - a nested one, 第二层
  - another nested one of {n}
- third item $x_{n}^2 + 1$

| Name | 数量 | Share |
|:-----|----:|------:|
| alpha {n} | {n} | 12.5 |
| 测试 {n} | 1{n} | 25.0 |
| gamma | 2{n} | 62.5 |

```python
def reading_{n}(values: list[float]) -> float:
    \"\"\"The mean of run {n}, without its outliers.\"\"\"
    kept = [value for value in values if abs(value - {n}) < 3.5]
    if not kept:
        raise ValueError("run {n} has nothing left")
    return sum(kept) / len(kept)  # 平均值
```

The formula behind it:

$$
\\bar{{x}}_{{{n}}} = \\frac{{1}}{{N}} \\sum_{{i=1}}^{{N}} x_i + {n}
$$

> A remark on run {n}: nothing was changed between the readings.

1. Open the valve of line {n} and wait until the pressure is steady again.

   ```sh
   valve --open {n} && sleep 3
   ```

2. Write down what the gauge shows, 然后记录下来。
3. Close it. Plain prose goes on for a while here, as it mostly does in an answer: one sentence and
then the next, with commas, and with nothing in it that a parser would have to look at twice.

"""


class TailAnew(Incremental):
    """The renderer without its shortcuts for a growing last block."""

    __slots__ = ()

    def _grows(self, block):
        return

    def _settle(self, block, lines, env):
        return False


def mixed(first: int, count: int) -> str:
    return "".join(SECTION.format(n=n) for n in range(first, first + count))


def stream(growing: Incremental, text: str) -> float:
    """Milliseconds of CPU to take the text piece by piece and make the HTML after each."""
    gc.collect()
    begin = time.process_time()
    for start in range(0, len(text), PIECE):
        growing.append(text[start : start + PIECE])
        growing.tail  # noqa: B018 - what a frame carries
    return (time.process_time() - begin) * 1000


def anew(before: str, text: str, samples: int = 6) -> float:
    """Milliseconds for the whole text at each piece, from a few of them."""
    pieces = max(1, len(text) // PIECE)
    spent = 0.0
    for sample in range(samples):
        end = (sample * 2 + 1) * len(text) // (samples * 2)
        begin = time.process_time()
        render(before + text[:end])
        spent += time.process_time() - begin
    return spent * 1000 / samples * pieces


def grow(make: Callable[[], Incremental], base: int, length: int) -> list[float]:
    """Milliseconds a KB around each size."""
    figures = []
    for number, size in enumerate(SIZES_KB):
        growing = make()
        before = mixed(base + number * 1000, max(0, size * KB // length))
        growing.append(before)
        text = mixed(base + number * 1000 + 500, 3)
        figures.append(stream(growing, text) / (len(text) / KB))
    return figures


SINGLE = {
    "list": lambda n: f"- item {n}: **bold** and some plain words 以及中文 `code`\n",
    "table": lambda n: f"| row {n} | {n * 7} | 中文 **b** |\n",
    "code": lambda n: f"    value_{n} = compute({n}, 'text') < {n}\n",
    "prose": lambda n: (
        f"Sentence {n} goes on with plain words and **one bold** mark. 然后是中文。 "
    ),
    "quote": lambda n: f"> line {n} with *marks* and plain words behind them\n",
}
OPENERS = {"table": "| a | b | c |\n|---|--:|---|\n", "code": "```python\n"}


def single(kind: str, size_kb: int, make: Callable[[], Incremental]) -> float:
    """Milliseconds a KB for a block of one kind that has grown to the size."""
    line = SINGLE[kind]
    lines = iter(range(10_000_000))
    before = OPENERS.get(kind, "")
    while len(before) < size_kb * KB:
        before += line(next(lines))
    text = ""
    # Parses of a long quote or paragraph come at every eighth of its length: average over one turn.
    length = max(4 * KB, size_kb * KB // 4) if make is Incremental else KB
    while len(text) < length:
        text += line(next(lines))
    growing = make()
    for start in range(0, len(before), 4 * KB):
        growing.append(before[start : start + 4 * KB])
    return stream(growing, text) / (len(text) / KB)


def main() -> None:
    length = len(mixed(0, 10)) // 10
    stream(Incremental(), mixed(9_000_000, 5))  # imports, caches of lexers

    print(f"CPU ms a streamed KB, {PIECE} characters a frame; mixed answer\n")
    print("answer so far   incremental   tail anew   all anew")
    ours = grow(Incremental, 10_000, length)
    tails = grow(TailAnew, 20_000, length)
    for number, size in enumerate(SIZES_KB):
        before = mixed(30_000 + number * 1000, max(0, size * KB // length))
        text = mixed(30_500 + number * 1000, 3)
        whole = anew(before, text) / (len(text) / KB)
        print(f"{size:>9} KB   {ours[number]:>11.1f}   {tails[number]:>9.1f}   {whole:>8.0f}")

    print("\nOne block that never ends, CPU ms a streamed KB\n")
    print("kind     incremental at 4 KB   at 100 KB   tail anew at 4 KB   at 100 KB")
    module.LONG, long = module.LONG, module.LONG
    for kind in SINGLE:
        near, far = (single(kind, size, Incremental) for size in (4, 100))
        module.LONG = 10**9  # the second renderer holds nothing back
        plain_near = single(kind, 4, TailAnew)
        plain_far = single(kind, 100, TailAnew) if kind != "quote" else None
        module.LONG = long
        last = f"{plain_far:>9.1f}" if plain_far is not None else "        –"
        print(f"{kind:<8} {near:>19.1f}   {far:>9.1f}   {plain_near:>17.1f}   {last}")


if __name__ == "__main__":
    main()
