// The page of a comparison: ties its parts together. Without it the page is a plain form.

import * as claims from "./claims.js";
import * as keys from "./keys.js";
import * as saving from "./saving.js";
import { count } from "./working.js";

const form = document.getElementById("task");
const peek = document.getElementById("peek");
const guidelines = document.getElementById("guidelines");

saving.setUp();
claims.setUp(saving.changed);
count(form.elements.active_ms, Number(form.dataset.idle));
keys.setUp();
document.addEventListener("click", followed);
document.addEventListener("keydown", pressed);
guidelines.addEventListener("beforetoggle", keepPlace);

// A link to a part of the page: a quote is shown beside its mark, a folded list is opened.
function followed(event) {
  const link = event.target.closest?.("a[href^='#']");
  if (!link) return;
  const target = document.getElementById(link.hash.slice(1));
  if (!target) return;
  if (link.classList.contains("cite")) {
    event.preventDefault();
    showQuote(link, target);
  } else {
    if (target.matches("details")) target.open = true;
    setTimeout(() => (target.querySelector("input") ?? target).focus({ preventScroll: true }), 0);
  }
}

function showQuote(link, shown) {
  const head = shown.querySelector(".head").cloneNode(true);
  const quoted = shown.querySelector(".quoted").cloneNode(true);
  for (const folded of quoted.querySelectorAll("details")) folded.open = true;
  // In its context a quote stands once.
  if (quoted.querySelector("details")) quoted.querySelector("blockquote").remove();
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  close.addEventListener("click", () => peek.hidePopover());
  peek.replaceChildren(close, head, quoted);
  peek.showPopover();
  const box = link.getBoundingClientRect();
  const below = box.bottom + 8 + peek.offsetHeight < innerHeight;
  peek.style.left = `${Math.max(6, Math.min(box.left, innerWidth - peek.offsetWidth - 6))}px`;
  peek.style.top = `${Math.max(6, below ? box.bottom + 8 : box.top - peek.offsetHeight - 8)}px`;
  const mark = quoted.querySelector(".context mark");
  if (mark) peek.scrollTop = mark.offsetTop - peek.clientHeight / 3;
  close.focus({ preventScroll: true });
}

// The guidelines stay open beside the work; who closes them from within goes on where one was.
let placeBefore = null;
function keepPlace(event) {
  if (event.newState === "open") placeBefore = document.activeElement;
  else if (guidelines.contains(document.activeElement)) setTimeout(() => placeBefore?.focus(), 0);
}

const focusScale = (scale) => (scale.querySelector("input:checked") ?? scale.querySelector("input")).focus();

function pressed(event) {
  if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.main"));
    return;
  }
  if (event.key === "Escape" && document.querySelectorAll(":popover-open").length === 1) {
    if (guidelines.matches(":popover-open")) guidelines.hidePopover();
    return;
  }
  if (keys.isSingle(event) && act(event.key, event.target)) event.preventDefault();
}

// Carry out a single key; tell whether it is one.
function act(key, target) {
  if (/^[1-5]$/.test(key)) {
    const scale = target.closest?.(".scale") ?? document.getElementById("overall");
    const input = scale.querySelectorAll("input")[Number(key) - 1];
    input.checked = true;
    input.focus();
    saving.changed();
  } else if (key === "a" || key === "b") claims.goTo(key === "a" ? "left" : "right");
  else if (key === "o") focusScale(document.getElementById("overall"));
  else if (key === "g") guidelines.togglePopover();
  else if (key === "n") form.elements.note.focus();
  else if (key === "?") document.getElementById("shortcuts").togglePopover();
  else return false;
  return true;
}

// A remark and the span that it is about are lit together.
for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, (event) => {
  const place = event.target.closest?.("[data-critique]")?.dataset.critique;
  const side = event.target.closest?.(".side");
  for (const mark of document.querySelectorAll("mark.critique")) {
    mark.classList.toggle("lit", place !== undefined && mark.dataset.critique === place && side?.contains(mark));
  }
});
