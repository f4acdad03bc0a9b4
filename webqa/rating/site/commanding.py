"""What the forms of the text browser say: a line of the command language, an answer.

Knows neither the browser nor the database.
"""

from __future__ import annotations

from starlette.datastructures import FormData

from env.actions import JOINER, Action, format_action
from webqa.rating.errors import Unfit
from webqa.rating.site.browsing import Browsing, check_answer
from webqa.rating.site.endpoints import text_of

EMPTY = {
    "search": "write what to search for",
    "find": "write what to look for on the page",
    "quote": "copy the words to be quoted from the page, or the first and the last of them",
}
"""What is told where a field is empty, which a browser without a script may send."""


def line_of(form: FormData) -> str:
    """Return the line that a form stands for.

    A button says `command`, with the number of a link behind `click`; fields say `text` or
    `number`, and `last` the words with which a quote ends.

    Raises:
        Unfit: it stands for none.
    """
    name, text = text_of(form, "command"), _one_line(text_of(form, "text"))
    if name.startswith("click "):
        name, _, number = name.partition(" ")
    else:
        number = text_of(form, "number") or "1"
    if name in EMPTY and not text:
        raise Unfit(EMPTY[name])
    if name == "quote" and (last := _one_line(text_of(form, "last"))):
        text = f"{text}{JOINER}{last}"
    if not (number.isascii() and number.isdigit() and len(number) < 8):
        raise Unfit("there is no such command")
    try:
        return format_action(Action(name, text, int(number)))
    except KeyError as error:
        raise Unfit("there is no such command") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def problem_of(browsing: Browsing, form: FormData) -> str:
    """Return why an answer is not submitted yet; empty when it can be."""
    if not browsing.seen.answering:
        return ""
    checked = check_answer(browsing.progress.answer, browsing.seen)
    if checked.nothing_found and text_of(form, "nothing") != "yes":
        return "the answer is empty or says that nothing was found: confirm that below"
    if checked.answer.removed and text_of(form, "removed") != "yes":
        marks = ", ".join(f"[{number}]" for number in checked.answer.removed)
        names = "names" if len(checked.answer.removed) == 1 else "name"
        return f"{marks} {names} no quote and would be taken out: correct the answer, or confirm"
    return ""
