"""Highlighted code: Pygments' lexers, our own small set of classes.

Languages come from a list. It gives them their proper names, and keeps a fence's first word from
choosing among five hundred lexers, some of which are slow on hostile text.
"""

from __future__ import annotations

from functools import lru_cache

from markdown_it.common.utils import escapeHtml
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, Comment, Keyword, Name, Operator, _TokenType


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What the page's style sheet has colours for; a token takes its nearest ancestor's class.
CLASSES = listed(
    "k kn kd kr kc ow kt s s1 s2 sd se si sa l mi mf m mh nv nf nc fm nt nb nn c1 c cm ch cp err"
)
NEAREST = {
    Name.Decorator: "nf",
    Name.Exception: "nc",
    Keyword.Pseudo: "k",
    Operator.Word: "ow",
    Comment.Special: "c",
}

MAX_HIGHLIGHTED = 30_000  # characters in one block, about 70 ms; a longer one is shown plain
MAX_REMEMBERED = 20_000  # and kept, so that an item or a note with code in it may be drawn again
MAX_LINE = 2_000  # a longer line is data or an attack, not code that colours would help

# fence word -> (lexer, name shown). Several words may mean one language.
LANGUAGES = {
    alias: (lexer, name)
    for aliases, lexer, name in (
        ("bash sh shell zsh", "bash", "Shell"),
        ("console shell-session", "console", "Console"),
        ("bat cmd batch", "bat", "Batch"),
        ("powershell ps1 pwsh", "powershell", "PowerShell"),
        ("c h", "c", "C"),
        ("cpp c++ cc cxx hpp", "cpp", "C++"),
        ("csharp cs c#", "csharp", "C#"),
        ("clojure clj", "clojure", "Clojure"),
        ("cmake", "cmake", "CMake"),
        ("css", "css", "CSS"),
        ("dart", "dart", "Dart"),
        ("diff patch", "diff", "Diff"),
        ("django jinja jinja2", "django", "Django template"),
        ("dockerfile docker", "docker", "Dockerfile"),
        ("elixir ex exs", "elixir", "Elixir"),
        ("erlang erl", "erlang", "Erlang"),
        ("fortran f90", "fortran", "Fortran"),
        ("fsharp f#", "fsharp", "F#"),
        ("go golang", "go", "Go"),
        ("graphql gql", "graphql", "GraphQL"),
        ("groovy", "groovy", "Groovy"),
        ("haskell hs", "haskell", "Haskell"),
        ("hcl terraform tf", "hcl", "HCL"),
        ("html htm xhtml", "html", "HTML"),
        ("http", "http", "HTTP"),
        ("ini cfg conf", "ini", "INI"),
        ("java", "java", "Java"),
        ("javascript js mjs node jsx", "javascript", "JavaScript"),
        ("json jsonc json5", "json", "JSON"),
        ("julia jl", "julia", "Julia"),
        ("kotlin kt", "kotlin", "Kotlin"),
        ("latex tex", "latex", "LaTeX"),
        ("lisp common-lisp elisp", "common-lisp", "Lisp"),
        ("lua", "lua", "Lua"),
        ("makefile make", "make", "Makefile"),
        ("markdown md", "markdown", "Markdown"),
        ("matlab octave", "matlab", "MATLAB"),
        ("nginx", "nginx", "nginx"),
        ("nix", "nix", "Nix"),
        ("objective-c objc", "objective-c", "Objective-C"),
        ("ocaml ml", "ocaml", "OCaml"),
        ("perl pl", "perl", "Perl"),
        ("php", "php", "PHP"),
        ("proto protobuf", "protobuf", "Protocol Buffers"),
        ("python py python3 pyi", "python", "Python"),
        ("pycon python-repl", "pycon", "Python console"),
        ("r", "r", "R"),
        ("ruby rb", "ruby", "Ruby"),
        ("rust rs", "rust", "Rust"),
        ("scala", "scala", "Scala"),
        ("scheme", "scheme", "Scheme"),
        ("scss sass", "scss", "SCSS"),
        ("solidity sol", "solidity", "Solidity"),
        ("sql mysql postgresql postgres sqlite", "sql", "SQL"),
        ("swift", "swift", "Swift"),
        ("toml", "toml", "TOML"),
        ("typescript ts tsx", "typescript", "TypeScript"),
        ("verilog", "verilog", "Verilog"),
        ("vim", "vim", "Vim script"),
        ("vue svelte", "html", "HTML"),
        ("xml svg", "xml", "XML"),
        ("yaml yml", "yaml", "YAML"),
        ("zig", "zig", "Zig"),
    )
    for alias in aliases.split()
}


def language_of(info: str) -> tuple[str | None, str]:
    """The lexer (None: not known) and the name to show for the words behind an opening fence."""
    word = info.split(maxsplit=1)[0].strip("{}.,:") if info.strip() else ""
    lexer, name = LANGUAGES.get(word.lower(), (None, word[:30]))
    return lexer, name


def figure(info: str, code: str, *, closed: bool) -> str:
    """A code block as the page's design has it; an unfinished one is not coloured."""
    lexer, name = language_of(info)
    code = code.removesuffix("\n")
    body = highlighted(code, lexer) if closed and lexer else escapeHtml(code)
    return (
        '<figure class="code"><figcaption class="code__bar">'
        f'<span class="code__lang">{escapeHtml(name)}</span></figcaption>'
        f'<pre tabindex="0"><code>{body}</code></pre></figure>'
    )


def highlighted(code: str, lexer: str) -> str:
    """The code as HTML with class names, plain where it is too long to be worth it."""
    if len(code) > MAX_HIGHLIGHTED or max(map(len, code.split("\n"))) > MAX_LINE:
        return escapeHtml(code)
    return remembered(code, lexer) if len(code) <= MAX_REMEMBERED else spans(code, lexer)


@lru_cache(maxsize=128)
def remembered(code: str, lexer: str) -> str:
    return spans(code, lexer)


def spans(code: str, lexer: str) -> str:
    parts: list[str] = []
    pending, pending_class = "", ""
    for kind, value in get_lexer_by_name(lexer, stripnl=False, ensurenl=False).get_tokens(code):
        name = class_of(kind)
        if name == pending_class or (value.isspace() and not pending_class):
            pending += value
            continue
        parts.append(span(pending, pending_class))
        pending, pending_class = value, name
    parts.append(span(pending, pending_class))
    return "".join(parts)


def span(text: str, name: str) -> str:
    if not text:
        return ""
    return f'<span class="{name}">{escapeHtml(text)}</span>' if name else escapeHtml(text)


@lru_cache(maxsize=512)
def class_of(kind: _TokenType) -> str:
    step: _TokenType | None = kind
    while step is not None:
        if step in NEAREST:
            return NEAREST[step]
        name = STANDARD_TYPES.get(step, "")
        if name in CLASSES:
            return name
        step = step.parent
    return ""
