// Shows the steps of a question as they come, then the answer.

const last = document.getElementById("last");
const steps = document.getElementById("steps");
let known = steps.children.length;

const source = new EventSource(last.dataset.steps);
source.addEventListener("step", (event) => {
  if (Number(event.lastEventId) < known) return; // stood in the page already
  known += 1;
  const item = document.createElement("li");
  item.textContent = JSON.parse(event.data);
  steps.append(item);
  last.textContent = item.textContent;
});
source.addEventListener("done", () => {
  source.close();
  location.replace(location.pathname);
});
