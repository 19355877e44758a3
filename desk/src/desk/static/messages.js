// Says what becomes of a call that the operator has asked for, until it is over.
const EVERY = 2000; // milliseconds
const shown = document.getElementById("order");

async function look() {
  let told;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "application/json" } });
    told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
  } catch (error) {
    told = { sentence: `It is not known now what becomes of the call. ${error.message || ""}`.trim(), is_over: false };
  }
  // Writing the same words again would have a screen reader say them again.
  if (shown.textContent !== told.sentence) shown.textContent = told.sentence;
  if (!told.is_over) setTimeout(look, EVERY);
}

if (shown && !("over" in shown.dataset)) setTimeout(look, EVERY);
