"""One of everything the page can render, in Chinese. Braces are doubled: it is a format string."""

from __future__ import annotations

SHOWCASE = r"""# 一次看全部

我是 qwenchat 的沙盒，这个回答里**各种格式都有一个**。

## 文字

文字可以*倾斜*、**加粗**、***两者都要***、~~划掉~~，也可以是 `代码`。可以链接到
[一个页面](https://example.com/ "带标题")，也可以直接写 <https://example.com/>。一行可以在这里结束，\
在下一行继续。有些符号只是符号：2 \* 3 \* 4、a_b_c、&copy; &amp; &lt;标签&gt;。
价格就是价格：要价 $5，不是 $10。加粗紧挨着标点也没问题：**「重点」**内容，**注意：**这里，
*斜体*文字。English words 混排，还有各种符号：✓ → ∞ 🙂 👩‍💻。

### 三级标题

#### 四级标题

---

## 列表

1. 首先
2. 其次
   - 有一个细节
   - 还有一个
     1. 一直到第三层
3. 最后

- [x] 做完的事
- [ ] 要做的事

* 一个松散的列表

  这一项里有第二段

* 再来一项

## 表格

| 项目 | 收到的 |
| :--- | ---: |
{table}

| 左 | 中 | 右 |
| :--- | :----: | ----: |
| `a \| b` | **加粗** | 1.00 |
| 一个很长的单元格，长到在小屏幕上放不下，只好左右滚动着看 | $x^2$ | 1,000.00 |

## 代码

{python}

{javascript}

{bash}

```diff
- 原来的样子
+ 现在的样子
```

    缩进四格也是代码

```
这一块没有写明语言，而且有一行特别长：too long for a telephone without scrolling sideways
```

## 数学

行内的样子是 $e^{{i\pi}} + 1 = 0$ 或者 \(a^2 + b^2 = c^2\)；单独一行是这样：

$$
\int_{{-\infty}}^{{\infty}} e^{{-x^2}} \, dx = \sqrt{{\pi}}
$$

\[
\begin{{pmatrix}} a & b \\ c & d \end{{pmatrix}}
\begin{{pmatrix}} x \\ y \end{{pmatrix}} =
\begin{{pmatrix}} ax + by \\ cx + dy \end{{pmatrix}}
\]

## 引用和脚注

> {quote}
>
> > 引用里面还可以有引用，
> > 也可以有 `代码`。

你的消息一共 {tokens}。[^1] 脚注也可以不止一行。[^长]

[^1]: 沙盒自己数的。
[^长]: 这是第一段。

    这是第二段。

## 不该发生的事

这个标签要么是文字，要么消失，但绝不会变成脚本：<script>alert("no")</script>
<b onclick="no()">这个</b>也一样，[这个链接](javascript:alert)哪里也去不了。

全部就是这些。
"""
