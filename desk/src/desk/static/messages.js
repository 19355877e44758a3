// Says what becomes of a call that the operator has asked for, until it is over.
const EVERY = 2000; // milliseconds
const shown = document.getElementById("order");

async function ask() {
  const answer = await fetch(location.pathname, { headers: { Accept: "application/json" } });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const why = told.error || "The desk does not answer.";
  return { sentence: `It is not known now what becomes of the call. ${why}`, is_over: false };
}

async function look() {
  let told;
  try {
    told = await ask();
  } catch {
    told = { sentence: "It is not known now what becomes of the call: the desk does not answer.", is_over: false };
  }
  // Writing the same words again would have a screen reader say them again.
  if (shown.textContent !== told.sentence) shown.textContent = told.sentence;
  if (!told.is_over) setTimeout(look, EVERY);
}

if (shown && !("over" in shown.dataset)) setTimeout(look, EVERY);
