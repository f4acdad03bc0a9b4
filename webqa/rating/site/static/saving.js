// Drafts are saved while one works; what cannot be saved stays on the page, and it is said so.

const form = document.getElementById("task");
const saved = document.getElementById("saved");
const trouble = document.getElementById("trouble");
const WAIT = 800;
const LONGEST_WAIT = 30000;

let dirty = false;
let stopped = false;
let failures = 0;
let timer = 0;
let running = Promise.resolve();

export function setUp() {
  form.addEventListener("input", changed);
  form.addEventListener("submit", submit);
  addEventListener("online", () => dirty && save());
  addEventListener("beforeunload", (event) => dirty && failures && event.preventDefault());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("visibilitychange", () => document.hidden && dirty && save());
}

// Something was said: save it in a moment.
export function changed() {
  if (!form.dataset.draft || stopped) return;
  dirty = true;
  saved.textContent = "";
  later(WAIT);
}

function later(wait) {
  clearTimeout(timer);
  timer = setTimeout(save, wait);
}

function save() {
  clearTimeout(timer);
  running = running.then(saveNow);
  return running;
}

async function saveNow() {
  if (!dirty || stopped) return;
  dirty = false;
  const reply = await post(form.dataset.draft, new FormData(form), true);
  if (reply.ok) {
    form.elements.version.value = reply.told.version;
    failures = 0;
    tell("");
    saved.textContent = "Saved";
    return;
  }
  dirty = true;
  explain(reply);
}

// Send a form and return what the server told; status 0: it could not be reached.
async function post(address, sent, keepalive = false) {
  try {
    const body = new URLSearchParams(sent);
    // Browsers take small bodies only along when a page is left.
    keepalive &&= String(body).length < 60000;
    const reply = await fetch(address, { method: "POST", headers: { Accept: "application/json" }, body, keepalive });
    return { ok: reply.ok, status: reply.status, told: await reply.json().catch(() => ({})) };
  } catch {
    return { ok: false, status: 0, told: {} };
  }
}

function explain({ status, told }) {
  if (status === 401) tell("You are signed out. What you wrote stays here: sign in again in another tab, then try again.", again);
  else if (status === 409) conflict(told);
  else if (status >= 400 && status < 500) tell(`Not saved: ${told.error ?? `status ${status}`}. What you wrote stays here.`, again);
  else {
    failures += 1;
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** failures);
    tell("Not saved: the server cannot be reached or could not save. What you wrote stays here, and is tried again by itself.", again);
    later(wait);
  }
}

const again = ["Try again now", () => save()];
const load = ["Load what is saved", () => { dirty = false; location.reload(); }];

function conflict(told) {
  stopped = true;
  const keep = ["Keep what is here", () => {
    stopped = false;
    form.elements.version.value = told.version;
    save();
  }];
  tell(`Not saved: ${told.error}.`, load, ...(told.version === undefined ? [] : [keep]));
}

// Say what is wrong, with buttons for what can be done about it; nothing takes it back.
function tell(sentence, ...buttons) {
  if (!sentence && !trouble.textContent) return;
  trouble.textContent = sentence;
  if (!sentence) return;
  const row = document.createElement("p");
  for (const [words, action] of buttons) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: words });
    button.addEventListener("click", action);
    row.append(button);
  }
  trouble.append(row);
}

async function submit(event) {
  if (event.defaultPrevented) return;
  event.preventDefault();
  const buttons = form.querySelectorAll(".buttons button");
  const sent = new FormData(form, event.submitter);
  clearTimeout(timer);
  for (const button of buttons) button.disabled = true;
  await running;
  const reply = await post(form.getAttribute("action"), sent);
  for (const button of buttons) button.disabled = false;
  if (reply.ok) {
    dirty = false;
    location.assign(reply.told.location);
  } else if (reply.told.missing) {
    lacks(reply.told.missing);
    changed();
  } else if (reply.status === 0 || reply.status >= 500) {
    failures += 1;
    tell("Not submitted: the server cannot be reached. What you wrote stays here.", ["Submit again", () => form.requestSubmit(event.submitter)]);
  } else explain(reply);
}

// Say at the top of the page what is still asked.
function lacks(all) {
  document.getElementById("missing")?.remove();
  const box = document.createElement("div");
  Object.assign(box, { id: "missing", className: "told bad", tabIndex: -1 });
  box.setAttribute("role", "alert");
  const list = document.createElement("ul");
  for (const one of all) {
    const link = Object.assign(document.createElement("a"), { href: `#${one.place}`, textContent: one.text });
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  box.append(Object.assign(document.createElement("h2"), { textContent: "Not submitted yet" }), list);
  form.before(box);
  box.focus();
  box.scrollIntoView();
}
