// Quoting by selecting: with the pointer, or by keyboard in the text of the page. What is selected
// is put into the form that works by typing too.

const DIRECTION = { ArrowRight: "forward", ArrowLeft: "backward", ArrowDown: "forward", ArrowUp: "backward" };
const SHOWN = 60; // characters of the beginning and of the end of a long selection

/** Make the text of the page one from which can be quoted by selecting. */
export function quoteBySelecting(region, form) {
  const fields = form.querySelector(".fields");
  const chosen = form.querySelector("#chosen");
  const button = form.querySelector("#quote");
  const first = form.elements.namedItem("text");
  const last = form.elements.namedItem("last");
  const most = Number(form.dataset.most);
  form.querySelector("#quoting-hint").textContent =
    "Select words on the page, or go to the text with Tab: the arrow keys move by words and lines, " +
    "with Shift they select. Then quote them here, or with the key q. Typing works too.";

  const choose = (text) => {
    first.value = text;
    last.value = "";
    fields.hidden = chosen.hidden = false;
    fields.hidden = text !== "";
    chosen.hidden = text === "";
    const length = [...text].length; // the limits count code points
    button.disabled = length > most;
    const limit = button.disabled ? `, ${length - most} more than fit` : "";
    chosen.textContent = `Selected, ${length} characters${limit}: ${shortened(text)}`;
  };

  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    if (!selection.rangeCount || !region.contains(selection.anchorNode)) return;
    choose(selectedIn(selection));
  });
  region.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in DIRECTION)) return;
    event.preventDefault();
    moveSelection(region, event.key, event.shiftKey);
  });
}

/** Return the words of a selection, without the numbers and domains that stand behind links. */
function selectedIn(selection) {
  const part = selection.getRangeAt(0).cloneContents();
  for (const aside of part.querySelectorAll(".aside")) aside.remove();
  return part.textContent.split(/\s+/).filter(Boolean).join(" ");
}

function shortened(text) {
  const characters = [...text];
  if (characters.length <= 2 * SHOWN) return `“${text}”`;
  return `“${characters.slice(0, SHOWN).join("")} … ${characters.slice(-SHOWN).join("")}”`;
}

function moveSelection(region, key, extends_) {
  const selection = document.getSelection();
  const unit = key === "ArrowUp" || key === "ArrowDown" ? "line" : "word";
  if (!region.contains(selection.anchorNode)) {
    selection.collapse(region, 0);
    selection.modify("extend", "forward", "word");
  } else if (extends_) {
    selection.modify("extend", DIRECTION[key], unit);
  } else {
    if (key === "ArrowLeft" || key === "ArrowUp") selection.collapseToStart();
    else selection.collapseToEnd();
    selection.modify("move", DIRECTION[key], unit);
    selection.modify("extend", "forward", "word"); // a caret alone is not seen in a text like this
  }
  if (!region.contains(selection.focusNode)) selection.collapse(region, region.childNodes.length);
  const node = selection.focusNode;
  (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).scrollIntoView({ block: "nearest" });
}
