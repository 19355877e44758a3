// Keeps what is written and not saved in this tab, so that a session that has ended loses nothing; warns before the page
// is left; and counts the bytes of each file. Without JavaScript, everything else of the page works.

const form = document.getElementById("editor");
const key = `unsaved ${location.pathname}${new URLSearchParams(location.search).get("file") ?? ""}`;
const fields = [...form.querySelectorAll("textarea, #new-name")];
const boxes = [...form.querySelectorAll('input[name="remove"]')];
const base = form.elements.base;
const asShown = new Map([...fields.map((it) => [it, it.value]), ...boxes.map((it) => [it, it.checked])]);
const wasSent = form.dataset.state === "answered";
let isLeaving = false;

function isChanged() {
  return wasSent || fields.some((it) => it.value !== asShown.get(it)) || boxes.some((it) => it.checked !== asShown.get(it));
}

function keep() {
  try {
    if (!isChanged()) {
      sessionStorage.removeItem(key);
      return;
    }
    const edited = wasSent ? fields : fields.filter((it) => it.value !== asShown.get(it));
    const texts = Object.fromEntries(edited.map((it) => [it.name, it.value]));
    const removed = boxes.filter((it) => it.checked).map((it) => it.value);
    sessionStorage.setItem(key, JSON.stringify({ texts, removed, base: JSON.parse(base.value) }));
  } catch {
    // The browser keeps nothing, or not that much: the page works, and warns before it is left.
  }
}

function forget() {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // There is nothing to forget then.
  }
}

// The address says that the page was saved. Without this, loading it again would forget what was written since.
function forgetThatItWasSaved() {
  const address = new URL(location);
  address.searchParams.delete("done");
  address.searchParams.delete("make_up");
  history.replaceState(null, "", address);
}

function bringBack() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(key));
  } catch {
    return;
  }
  if (!kept?.texts) return;
  const bases = JSON.parse(base.value);
  let isBack = false;
  for (const field of fields) {
    const text = kept.texts[field.name];
    if (typeof text !== "string" || text === field.value) continue;
    const name = field.name.replace(/^text:/, "");
    if (field.name !== name) bases[name] = kept.base?.[name] ?? "";
    field.value = text;
    field.closest("details").open = true;
    isBack = true;
  }
  for (const box of boxes) {
    if (kept.removed?.includes(box.value) && !box.checked) {
      box.checked = true;
      box.closest("details").open = true;
      isBack = true;
    }
  }
  base.value = JSON.stringify(bases);
  document.getElementById("kept").hidden = !isBack;
}

function count(field) {
  const told = document.getElementById(`${field.id}-size`);
  if (!told) return;
  const largest = Number(field.dataset.largest);
  const size = new TextEncoder().encode(field.value).length;
  told.textContent = `${size.toLocaleString("en")} of ${largest.toLocaleString("en")} bytes`;
  told.classList.toggle("too-long", size > largest);
}

let waiting = 0;
form.addEventListener("input", (event) => {
  if (event.target.matches("textarea")) count(event.target);
  clearTimeout(waiting);
  waiting = setTimeout(keep, 300);
});
form.addEventListener("submit", () => {
  clearTimeout(waiting);
  keep();
  isLeaving = true;
});
document.getElementById("discard").addEventListener("click", () => {
  forget();
  isLeaving = true;
  location.assign(location.href);
});
addEventListener("beforeunload", (event) => {
  if (isChanged() && !isLeaving) event.preventDefault();
});
addEventListener("pageshow", () => {
  isLeaving = false;
});

if (form.dataset.state === "saved") {
  forget();
  forgetThatItWasSaved();
} else if (wasSent) keep();
else bringBack();
for (const field of fields) count(field);
