// Keys without Ctrl: whether they do something is a person's choice, the same on every page.

const box = document.getElementById("single-keys");
const KEPT = "single-keys";

export function setUp() {
  box.checked = localStorage.getItem(KEPT) !== "off";
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
}

export const areWanted = () => box.checked;

// Tell whether a key is pressed alone, and not to write something.
export function isSingle(event) {
  const isTyping = event.target.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
  return box.checked && !isTyping && !event.ctrlKey && !event.altKey && !event.metaKey;
}
