// The page Now: a card for each call in progress, as the desk pushes them.
import { html, render, useEffect, useState } from "/static/vendor/htm-preact.js";
import { Card } from "./card.js";
import { follow } from "./follow.js";

function Now() {
  const [known, setKnown] = useState({ calls: null, problem: "", ahead: 0 });
  const [lost, setLost] = useState("");
  // With a problem, the calls are those that were known before: an operator who is in one of them stays in it.
  const know = (news) => setKnown((before) => (news.problem ? { ...before, problem: news.problem } : news));
  useEffect(() => follow(know, setLost), []);
  const { calls, problem, ahead } = known;
  return html`
    <div class="stack">
      <div role="status">
        ${lost && html`<p class="notice warn">${lost}</p>`}
        ${!lost && problem && html`<p class="notice bad">${problem}</p>`}
        ${!lost && !problem && calls && html`<p class="muted">${counted(calls.length)}</p>`}
      </div>
      ${(calls ?? []).map((call) => html`<${Card} key=${call.id} call=${call} ahead=${ahead} />`)}
      ${calls === null && !lost && !problem && html`<p class="empty">Looking for calls…</p>`}
      ${calls?.length === 0 && !problem && html`<p class="empty">Nobody is on the phone. A call appears here as soon as it comes.</p>`}
    </div>`;
}

function counted(calls) {
  if (calls === 0) return "No calls in progress.";
  return calls === 1 ? "1 call in progress." : `${calls} calls in progress.`;
}

const place = document.getElementById("now");
place.replaceChildren();
render(html`<${Now} />`, place);
