// Offsets in an answer's text. The server counts code points; a browser counts UTF-16 units.

export const points = (text) => [...text].length;

// Return the units of the first so many code points of a text.
export function units(text, count) {
  let at = 0;
  for (const sign of text) {
    if (count-- <= 0) break;
    at += sign.length;
  }
  return at;
}

// Return the code points of an element's text before a place in it.
export function pointsBefore(element, node, offset) {
  const before = document.createRange();
  before.selectNodeContents(element);
  before.setEnd(node, offset);
  return points(before.toString());
}

// Return the range of an element's text between two code points.
export function rangeOf(element, start, end) {
  const text = element.textContent;
  const found = document.createRange();
  const [from, to] = [units(text, start), units(text, end)];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let passed = 0;
  let begun = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const after = passed + node.length;
    if (!begun && from < after) {
      found.setStart(node, from - passed);
      begun = true;
    }
    if (begun && to <= after) {
      found.setEnd(node, to - passed);
      return found;
    }
    passed = after;
  }
  found.selectNodeContents(element);
  return found;
}

// Return the words of a text as [start, end] in code points.
export function words(text) {
  return [...text.matchAll(/\S+/g)].map((found) => {
    const start = points(text.slice(0, found.index));
    return [start, start + points(found[0])];
  });
}

export const slice = (text, start, end) => text.slice(units(text, start), units(text, end));

// Return a span drawn out to whole words; null where it touches none.
export function wholeWords(text, start, end) {
  const touched = words(text).filter(([from, to]) => from < end && start < to);
  return touched.length ? [touched[0][0], touched.at(-1)[1]] : null;
}
