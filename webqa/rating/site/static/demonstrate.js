// The text browser in the page: quoting by selecting, keys, working time, and an answer that is
// saved as it is written. Every form works without this.

import { citeByButton, saveAsWritten } from "./answering.js";
import * as keys from "./keys.js";
import { quoteBySelecting } from "./quoting.js";
import { count } from "./working.js";

const QUOTED = "quoted-at"; // how far the page was scrolled when something was quoted
const work = document.getElementById("work");
const told = document.getElementById("told");
const times = document.querySelectorAll("input[name=active_ms]");
const active = () => times[0].value;

function tell(text, isTrouble = false) {
  told.textContent = text;
  told.classList.toggle("trouble", isTrouble);
}

/** While a page is loading nothing can be sent twice. */
function waitOnce() {
  let waiting = false;
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (waiting) {
      event.preventDefault();
      return;
    }
    for (const field of times) field.value = active();
    waiting = true;
    if (event.submitter?.value === "quote") sessionStorage.setItem(QUOTED, String(scrollY));
    work.setAttribute("aria-busy", "true");
    tell("One moment …");
  });
  window.addEventListener("pageshow", () => {
    waiting = false;
    work.removeAttribute("aria-busy");
  });
}

/** Who quotes goes on reading where the quote was taken; only a refusal is shown at the top. */
function keepPlace() {
  const place = sessionStorage.getItem(QUOTED);
  sessionStorage.removeItem(QUOTED);
  if (place === null || work.querySelector(".notice")) return;
  addEventListener("load", () => setTimeout(() => scrollTo(0, Number(place)), 0));
}

/** Beside the page the question is told again, where it is scrolled out of sight. */
function remind() {
  const reminder = document.getElementById("reminder");
  if (!reminder) return;
  const watch = new IntersectionObserver(([one]) => { reminder.hidden = one.isIntersecting; });
  watch.observe(document.querySelector("h1"));
}

/** Keys without Ctrl press the buttons that name them, unless something is being typed. */
function useKeys() {
  keys.setUp();
  document.addEventListener("keydown", (event) => {
    if (!keys.isSingle(event)) return;
    const place = { "/": "query", f: "find", p: "text" }[event.key];
    const found = place
      ? document.getElementById(place)
      : [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
    if (!found || found.disabled) return;
    event.preventDefault();
    if (place) found.focus();
    else found.click();
  });
}

const text = document.getElementById("text");
const quoting = document.getElementById("quoting");
const answering = document.getElementById("answering");
if (answering) {
  saveAsWritten(answering, work.dataset.address, active, tell);
  citeByButton(answering.elements.namedItem("answer"));
}
if (text && quoting) quoteBySelecting(text, quoting);
count(times[0], Number(work.dataset.idle));
useKeys();
waitOnce();
keepPlace();
remind();
