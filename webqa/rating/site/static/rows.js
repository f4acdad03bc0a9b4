// The claims of both answers, each a row of the form: found, made, moved, taken out.

import { slice, words } from "./offsets.js";

const form = document.getElementById("task");

export const answerOf = (side) => document.getElementById(`${side}-text`);
export const listOf = (side) => document.getElementById(`${side}-claims`);
export const sideOf = (row) => row.dataset.side;
export const spanOf = (row) => [Number(row.dataset.start), Number(row.dataset.end)];
export const isOwn = (row) => row.querySelector("[name^=span-]") !== null;
export const chosen = (row, kind) => row.querySelector(`[name^=${kind}-]:checked`)?.value ?? "";
export const isRated = (row) => Boolean(chosen(row, "support") && chosen(row, "relevance"));
export const isBlank = (row) => !row.querySelector("input:checked");

// Return the rows of an answer in the order of its text.
export function rowsOf(side) {
  const rows = [...form.querySelectorAll(`.claim[data-side=${side}]`)];
  return rows.sort((one, other) => spanOf(one)[0] - spanOf(other)[0] || spanOf(one)[1] - spanOf(other)[1]);
}

export const rowAt = (side, start, end) =>
  rowsOf(side).find((row) => spanOf(row)[0] === start && spanOf(row)[1] === end);

// Return the row of the shortest claim that holds a place.
export function rowAround(side, place) {
  const around = rowsOf(side).filter((row) => spanOf(row)[0] <= place && place < spanOf(row)[1]);
  const length = (row) => spanOf(row)[1] - spanOf(row)[0];
  return around.sort((one, other) => length(one) - length(other))[0];
}

// Make the row of a span that the rater chose.
export function addRow(side, start, end) {
  const copy = document.getElementById("blank-claim").content.cloneNode(true);
  const row = copy.querySelector(".claim");
  row.dataset.side = side;
  name(row, start, end);
  place(row);
  return row;
}

// Put a row where it belongs in its list.
export function place(row) {
  const list = listOf(sideOf(row)).querySelector("ol");
  const others = [...list.children].filter((other) => other !== row);
  list.insertBefore(row, others.find((other) => spanOf(other)[0] > spanOf(row)[0]) ?? null);
}

// Give a row its span: in its data, in the names of its fields, and in its words.
function name(row, start, end) {
  Object.assign(row.dataset, { start, end });
  for (const input of row.querySelectorAll("input")) {
    input.name = `${input.name.split("-")[0]}-${sideOf(row)}-${start}-${end}`;
  }
  row.querySelector("legend").textContent = slice(answerOf(sideOf(row)).textContent, start, end);
}

// Move the beginning or the end of a row by a word; another claim of the same span is jumped over.
export function move(row, edge, step) {
  const side = sideOf(row);
  const known = words(answerOf(side).textContent);
  let [start, end] = spanOf(row);
  do {
    if (edge === "end") end = neighbour(known.map((word) => word[1]), end, step);
    else start = neighbour(known.map((word) => word[0]), start, step);
    if (start === undefined || end === undefined || start >= end) return false;
  } while (rowAt(side, start, end));
  if (!isOwn(row)) {
    const kept = Object.assign(document.createElement("input"), { type: "hidden", name: "span-", value: "yes" });
    row.querySelector("fieldset").append(kept);
  }
  name(row, start, end);
  return true;
}

const neighbour = (places, from, step) =>
  step > 0 ? places.find((one) => one > from) : places.findLast((one) => one < from);

export function clear(row) {
  for (const input of row.querySelectorAll("input:checked")) input.checked = false;
}
