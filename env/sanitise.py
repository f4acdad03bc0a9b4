"""The one place where untrusted text becomes safe to show, to store and to put into a prompt.

It removes what a reader cannot see (control, zero-width, bidirectional, private characters,
terminal escapes) and writes lookalikes for what has a meaning elsewhere: the marks of our own
layout and the control tokens of chat models. It knows nothing of pages or prompts, and it is
idempotent: sanitised text comes back unchanged. Letters keep their form: the result is NFC.
"""

from __future__ import annotations

import re
import unicodedata

# Ranges of code points nobody sees: C0 and C1 controls but tab and newline; soft hyphen; joiners,
# fillers and other default-ignorable characters; bidirectional controls; variation selectors and
# tags (both can carry hidden text); surrogates, private use, noncharacters.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x1c-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)
_PLANE_ENDS = "".join(
    chr((plane << 16) + last) for plane in range(1, 14) for last in (65534, 65535)
)
_MARKS = dict(
    zip(
        "【】︻︼♦■━†＜﹤",
        # None of these has a compatibility form: no normalisation turns one back into a mark.
        "〔〕〔〕◆▪─✝‹‹",
        strict=True,
    )
)
_LINE_ENDS = "\x0b\x0c\r\x85\u2028\u2029"
_SPACES = "\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_SPECIAL = re.compile(f"[{_INVISIBLE}{_PLANE_ENDS}{''.join(_MARKS)}{_LINE_ENDS}{_SPACES}]")
_INVISIBLES = re.compile(f"[{_INVISIBLE}{_PLANE_ENDS}]+")
_UNUSUAL = re.compile(r"[^\n\x20-\x7e]+")
_MANY_ACCENTS = re.compile(r"[^\w\s\x00-\xbf]{31,}")
_OTHER = re.compile(f"[{''.join(_MARKS)}{_LINE_ENDS}{_SPACES}]")
_REPLACEMENTS = _MARKS | dict.fromkeys(_LINE_ENDS, "\n") | {"\t": "    "}

_ESCAPE = re.compile(
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)|[ -/]*[0-~])"
    "|\x9b[0-?]*[ -/]*[@-~]"
)

_ANGLE_WORDS = (
    "s|bos|eos|pad|unk|mask|cls|sep|think|thinking|image|audio|video|tools?|function|parameter"
    "|invoke|system|user|assistant|human|sys|0x[0-9a-f]{2}|unused[0-9]+|[a-z0-9:-]*_[a-z0-9_:-]*"
    "|seed:[a-z_]+|fim-[a-z]+|reserved[a-z0-9-]*|sop|eop|eot|eom|eod|eoa|eoh"
)
_SQUARE_WORDS = (
    "inst|sys|system_prompt|available_tools|tool_calls|tool_results|tool_content|args|call_id"
    "|img|img_break|img_end|audio|begin_audio|prefix|middle|suffix|think|cls|sep|mask|pad|unk"
    "|bos|eos|gmask|smask|sop|eop"
)
_TOKENS = (
    # Each starts with a literal, which the regular expression engine finds fast.
    ("<", "‹", re.compile(rf"<(?=[|｜]|</?sys>|/?(?:{_ANGLE_WORDS})[\s=/>])", re.IGNORECASE)),
    ("[", "⁅", re.compile(rf"\[(?=/?(?:{_SQUARE_WORDS})[\]］])", re.IGNORECASE)),
    ("［", "⁅", re.compile(rf"［(?=/?(?:{_SQUARE_WORDS})[\]］])", re.IGNORECASE)),
    ("|>", "¦", re.compile(r"\|(?=>)(?<=[^\s|｜]\|)")),
    ("｜>", "¦", re.compile(r"｜(?=>)(?<=[^\s|｜]｜)")),
)
# Letters such as ｓ and 𝗌, which some tokenizers normalise before they look for tokens.
_DISGUISED = {
    start: re.compile(rf"{re.escape(start)}(?=[^\s<>\[\]]{{0,60}}?[^\x00-\x7f])")
    for start in "<[［﹇"
}
# No further: a page of nothing but brackets must not be normalised 64 times over.
_SEEN = re.compile(r"[<\[［﹇]<?[^<\[［﹇]{0,62}")

_INDENTATION = re.compile(r"\n {41,}")
_SPACE_RUN = re.compile(r"(?<! )(?<!\n)  +")
_BLANK_LINES = re.compile(r"\n{3,}")
_SEAM = re.compile(r"(?=[\w -~])")
_PART = 100_000
LINE_LIMIT = 300
"""Characters of a title or another thing that is shown on one line."""


def clean_characters(text: str) -> str:
    """Remove what nobody sees and replace layout marks; leave white space runs alone."""
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPE.sub("", text)
    unusual = "".join(_UNUSUAL.findall(text))
    if not unusual:
        return text
    if _SPECIAL.search(unusual):
        text = _INVISIBLES.sub("", text.replace("\r\n", "\n"))
        text = _OTHER.sub(_replacement, text)
    return text if unusual.isascii() else _normalise(text)


def _replacement(match: re.Match[str]) -> str:
    return _REPLACEMENTS.get(match[0], " ")


def _normalise(text: str) -> str:
    """Bring to NFC; what that makes into marks or spaces is replaced once more."""
    if unicodedata.is_normalized("NFC", text):
        return text
    text = unicodedata.normalize("NFC", _MANY_ACCENTS.sub(_few_accents, text))
    return _OTHER.sub(_replacement, text)


def _few_accents(match: re.Match[str]) -> str:
    """Keep at most 30 combining characters in a row: normalisation sorts them in quadratic time."""
    kept: list[str] = []
    run = 0
    for character in match[0]:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= 30:
            kept.append(character)
    return "".join(kept)


def break_tokens(text: str) -> str:
    """Write lookalikes into what a chat template or a tokenizer would read as a control token."""
    for start, lookalike, token in _TOKENS:
        if start in text:
            text = token.sub(lookalike, text)
    if not text.isascii():
        for start, disguised in _DISGUISED.items():
            if start in text:
                text = disguised.sub(_undisguised, text)
    return text


def _undisguised(start: re.Match[str]) -> str:
    """Return a bracket, or its lookalike if compatibility forms behind it spell a token."""
    seen = _SEEN.match(start.string, start.start())
    plain = unicodedata.normalize("NFKC", seen[0]) if seen else ""
    for _, lookalike, token in _TOKENS[:2]:
        if token.match(plain):
            return lookalike
    return start[0]


def sanitise(text: str) -> str:
    r"""Return untrusted text as clean lines.

    Lines end in `\n`, without trailing spaces; runs of spaces become one except at the start of a
    line (at most 40 there); at most one blank line stands between lines, none at either end.
    """
    text = "\n" + clean_characters(text)
    if "  " in text:
        text = _SPACE_RUN.sub(" ", _INDENTATION.sub("\n" + " " * 40, text))
    if " \n" in text:
        text = re.sub(r" +\n", "\n", text)
    text = _BLANK_LINES.sub("\n\n", text)
    return break_tokens(text.lstrip("\n").rstrip())


def is_sanitised(text: str) -> bool:
    """Tell whether `sanitise` would leave a text as it is, with little memory however long it is.

    Texts of millions of characters are read in parts; what joins at a seam is not looked at.
    """
    if "\n\n\n" in text or " \n" in text or text[:1] == "\n" or text[-1:].isspace():
        return False
    start = 0
    while start < len(text):
        seam = _SEAM.search(text, start + _PART)
        end = seam.start() if seam else len(text)
        part = text[start:end].lstrip("\n").rstrip("\n ")
        if sanitise(part) != part:
            return False
        start = end
    return True


def sanitise_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Return untrusted text as one clean line of at most `limit` characters."""
    # Cut first: nobody should wait for a title of 20 MB.
    line = " ".join(sanitise(text[: 100 * limit]).split())
    line = break_tokens(line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
