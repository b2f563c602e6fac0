"""One of everything the page can render, in English. Braces are doubled: it is a format string."""

from __future__ import annotations

SHOWCASE = r"""# Everything at once

I am the qwenchat sandbox, and this answer holds **one of everything** the page can show.

## Words

Text can be *slanted*, **strong**, ***both***, ~~taken back~~ or `code`. It can link to
[a page](https://example.com/ "with a title") or to <https://example.com/>. A line can end here,\
and go on there. Some characters are only characters: 2 \* 3 \* 4, a_b_c, &copy; &amp; &lt;tags&gt;.
A price stays a price: it costs $5 and not $10. Chinese stands beside emphasis:
**「重点」**内容，*斜体*文字。 And there are signs of all sorts: ✓ → ∞ 🙂 👩‍💻.

### A heading of the third kind

#### And one of the fourth

---

## Lists

1. First things first
2. Second things
   - with a detail
   - and another
     1. down to the third level
3. Last things

- [x] something done
- [ ] something to do

* a loose list

  with a second paragraph in its item

* and one more item

## A table

| What | Received |
| :--- | ---: |
{table}

| Left | Centre | Right |
| :--- | :----: | ----: |
| `a \| b` | **bold** | 1.00 |
| a long cell that makes the table wider than a small screen would like | $x^2$ | 1,000.00 |

## Code

{python}

{javascript}

{bash}

```diff
- what it was
+ what it is
```

    four spaces make code as well

```
and this block names no language, and one line that no telephone can show without scrolling
```

## Mathematics

Inline it looks like $e^{{i\pi}} + 1 = 0$ or \(a^2 + b^2 = c^2\); on its own it looks like this:

$$
\int_{{-\infty}}^{{\infty}} e^{{-x^2}} \, dx = \sqrt{{\pi}}
$$

\[
\begin{{pmatrix}} a & b \\ c & d \end{{pmatrix}}
\begin{{pmatrix}} x \\ y \end{{pmatrix}} =
\begin{{pmatrix}} ax + by \\ cx + dy \end{{pmatrix}}
\]

## Quotes and notes

> {quote}
>
> > A quote may hold another quote,
> > and `code`.

Your message came to {tokens}.[^1] A note can be longer than a line.[^long]

[^1]: Counted by the sandbox itself.
[^long]: It has a first paragraph.

    And a second one.

## What must not happen

This tag is text, or gone, but never a script: <script>alert("no")</script>
So is <b onclick="no()">this</b>, and [this link](javascript:alert) leads nowhere.

That was everything.
"""
