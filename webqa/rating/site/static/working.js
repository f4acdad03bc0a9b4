// Counts the time in which a page is seen and used, in milliseconds, into a field of its form.

const TICK = 1000;

export function count(field, idleSeconds) {
  let used = Date.now();
  let total = Number(field.value);
  for (const kind of ["keydown", "pointermove", "pointerdown", "scroll", "wheel"]) {
    addEventListener(kind, () => { used = Date.now(); }, { passive: true, capture: true });
  }
  setInterval(() => {
    if (document.hidden || Date.now() - used > idleSeconds * 1000) return;
    total += TICK;
    field.value = total;
  }, TICK);
}
