// The answer is saved as it is written, and citations are put in at the cursor. When saving fails
// the text stays in the form, the page says so, and it is tried again.

const PAUSE = 1000; // milliseconds without a key before it is saved
const AGAIN = 5000; // before saving is tried once more

/** Save the answer as it is written. `active` gives the working time so far. */
export function saveAsWritten(form, address, active, tell) {
  const text = form.elements.namedItem("answer");
  let saved = text.defaultValue; // what the page came with: one may have typed before this runs
  let timer = 0;
  let saving = null;
  let gone = false;

  const send = async () => {
    const sent = text.value;
    const body = new URLSearchParams({
      version: form.elements.namedItem("version").value,
      active_ms: active(),
      answer: sent,
    });
    try {
      const reply = await fetch(`${address}/draft`, {
        method: "POST", body, headers: { accept: "application/json" },
      });
      const said = await reply.json();
      if (!reply.ok) throw new Error(said.error);
      for (const field of document.querySelectorAll("input[name=version]")) field.value = said.version;
      saved = sent;
      tell("Saved.");
    } catch (error) {
      const why = error instanceof TypeError ? "the server cannot be reached" : error.message;
      tell(`Not saved: ${why}. Your text is still here; it is tried again.`, true);
      timer = window.setTimeout(save, AGAIN);
    }
  };
  const save = async () => {
    if (saving || saved === text.value) return;
    saving = send();
    await saving;
    saving = null;
    if (saved !== text.value) later();
  };
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, PAUSE);
  };
  text.addEventListener("input", later);
  if (saved !== text.value) later();
  form.addEventListener("submit", async (event) => {
    window.clearTimeout(timer);
    if (saving) { // it would change the version that the form names
      event.preventDefault();
      await saving;
      form.requestSubmit(event.submitter);
    } else {
      gone = true;
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (!gone && saved !== text.value) event.preventDefault();
  });
}

/** Let the buttons beside the quotes put their number into the answer. */
export function citeByButton(text) {
  for (const button of document.querySelectorAll("[data-cite]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const before = text.value.slice(0, text.selectionStart);
      const mark = `${before === "" || /\s$/.test(before) ? "" : " "}[${button.dataset.cite}]`;
      text.setRangeText(mark, text.selectionStart, text.selectionEnd, "end");
      text.focus();
      text.dispatchEvent(new Event("input"));
    });
  }
}
