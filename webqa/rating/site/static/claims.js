// Claims are drawn in the answers, and rated where the mouse is or from the keyboard.

import * as keys from "./keys.js";
import { points, pointsBefore, rangeOf, wholeWords } from "./offsets.js";
import * as rows from "./rows.js";

const floating = document.getElementById("floating");
const SIDES = ["left", "right"].filter((side) => rows.listOf(side));
const DIGITS = {
  1: ["support", "strong"], 2: ["support", "weak"], 3: ["support", "none"],
  4: ["relevance", "core"], 5: ["relevance", "side"], 6: ["relevance", "irrelevant"],
};
let changed = () => {};

export function setUp(whenChanged) {
  changed = whenChanged;
  for (const side of SIDES) {
    rows.listOf(side).addEventListener("toggle", draw);
  }
  // A selection may end outside of the answer; it is complete a moment after the pointer is up.
  document.addEventListener("pointerup", (event) => setTimeout(pointed, 0, event));
  const form = document.getElementById("task");
  form.addEventListener("focusin", draw);
  form.addEventListener("focusout", () => setTimeout(draw, 0));
  form.addEventListener("change", draw);
  form.addEventListener("keydown", pressed, true);
  floating.addEventListener("beforetoggle", (event) => event.newState === "closed" && putBack());
  draw();
}

const current = () => document.activeElement?.closest?.(".claim") ?? floating.querySelector(".claim");

// Draw what was said of each claim, and count.
function draw() {
  const ranges = { strong: [], weak: [], none: [], open: [], at: [] };
  const at = current();
  for (const side of SIDES) {
    const all = rows.rowsOf(side);
    const isOpen = rows.listOf(side).open;
    for (const row of all) {
      const range = rangeOf(rows.answerOf(side), ...rows.spanOf(row));
      row.classList.toggle("at", row === at);
      if (row === at) ranges.at.push(range);
      else if (rows.chosen(row, "support")) ranges[rows.chosen(row, "support")].push(range);
      else if (isOpen) ranges.open.push(range);
    }
    const rated = all.filter(rows.isRated).length;
    rows.listOf(side).querySelector(".count").textContent = `(${rated} of ${all.length} rated)`;
  }
  if (!window.CSS?.highlights) return;
  for (const [name, drawn] of Object.entries(ranges)) CSS.highlights.set(`claim-${name}`, new Highlight(...drawn));
}

// A part of an answer was selected, or a claim in it was clicked.
function pointed(event) {
  const selection = getSelection();
  if (!selection.rangeCount || event.target.closest?.("a, button, input, label")) return;
  const range = selection.getRangeAt(0);
  const side = SIDES.find((one) => range.intersectsNode(rows.answerOf(one)));
  if (!side) return;
  const answer = rows.answerOf(side);
  const at = (node, offset, otherwise) => answer.contains(node) ? pointsBefore(answer, node, offset) : otherwise;
  const start = at(range.startContainer, range.startOffset, 0);
  const end = at(range.endContainer, range.endOffset, points(answer.textContent));
  if (range.collapsed) {
    const row = answer.contains(event.target) && rows.rowAround(side, start);
    if (row) float(row);
    return;
  }
  const span = wholeWords(answer.textContent, start, end);
  if (!span) return;
  selection.removeAllRanges();
  float(rows.rowAt(side, ...span) ?? rows.addRow(side, ...span));
}

// Show a row beside its claim.
function float(row) {
  if (floating.matches(":popover-open")) floating.hidePopover();
  const box = rangeOf(rows.answerOf(rows.sideOf(row)), ...rows.spanOf(row)).getBoundingClientRect();
  floating.replaceChildren(row);
  floating.showPopover();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const below = box.bottom + 8 + height < innerHeight;
  floating.style.left = `${Math.max(6, Math.min(box.left, innerWidth - width - 6))}px`;
  floating.style.top = `${Math.max(6, below ? box.bottom + 8 : box.top - height - 8)}px`;
  focusOn(row);
  draw();
}

function putBack() {
  const row = floating.querySelector(".claim");
  if (!row) return;
  if (rows.isOwn(row) && rows.isBlank(row)) {
    row.remove();
    changed();
  } else rows.place(row);
  setTimeout(draw, 0);
}

function focusOn(row) {
  if (!floating.contains(row)) {
    if (floating.matches(":popover-open")) floating.hidePopover();
    rows.listOf(rows.sideOf(row)).open = true;
  }
  (row.querySelector("input:checked") ?? row.querySelector("input:not([type=hidden])")).focus();
}

// Go to the first claim of an answer that is not rated yet.
export function goTo(side) {
  if (!SIDES.includes(side)) return;
  const all = rows.rowsOf(side);
  const row = all.find((one) => !rows.isRated(one)) ?? all[0];
  if (row) focusOn(row);
}

function pressed(event) {
  const row = event.target.closest(".claim");
  if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
  const moves = { ArrowRight: ["end", 1], ArrowLeft: ["end", -1], ArrowDown: ["start", 1], ArrowUp: ["start", -1] };
  const done = event.shiftKey && moves[event.key] ? rows.move(row, ...moves[event.key]) || true : rate(row, event.key);
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
  draw();
  changed();
}

// Carry out a single key at a claim; tell whether it is one.
function rate(row, key) {
  if (!keys.areWanted()) return false;
  if (DIGITS[key]) {
    const [kind, value] = DIGITS[key];
    const input = row.querySelector(`[name^=${kind}-][value=${value}]`);
    input.checked = true;
    input.focus();
  } else if (key === "7") row.querySelector("[name^=error-]").click();
  else if (key === "0") rows.clear(row);
  else if (key === "j" || key === "k") step(row, key === "j" ? 1 : -1);
  else if (key === "+") part(row);
  else return false;
  return true;
}

function step(row, by) {
  const all = SIDES.flatMap(rows.rowsOf);
  const next = all[all.indexOf(row) + by];
  if (next) focusOn(next);
}

// Make another claim of a part of this one.
function part(row) {
  const made = rows.addRow(rows.sideOf(row), ...rows.spanOf(row));
  if (rows.move(made, "end", -1) || rows.move(made, "end", 1)) focusOn(made);
  else made.remove();
}
