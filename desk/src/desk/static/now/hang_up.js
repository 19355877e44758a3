// The button that ends a call, which asks first.
import { html, useRef, useState } from "/static/vendor/htm-preact.js";
import { whoOf } from "./words.js";
import { post } from "./post.js";

export function HangUp({ call, line, onProblem }) {
  const dialog = useRef();
  const [busy, setBusy] = useState(false);
  const title = `hang-up-${call.id}`;
  const hangUp = async () => {
    dialog.current.close();
    setBusy(true);
    try {
      await post(`/now/${encodeURIComponent(call.id)}/hang-up`);
    } catch (error) {
      onProblem(error.message);
      setBusy(false);
    }
  };
  const who = call.people.map(whoOf).join(" and ") || "nobody";
  return html`
    <button class="button danger" disabled=${busy} onClick=${() => dialog.current.showModal()}>Hang up</button>
    <dialog ref=${dialog} aria-labelledby=${title}>
      <div class="stack">
        <h2 id=${title}>Hang up?</h2>
        <p>The call on ${line} with ${who} ends at once. The agent does not say goodbye.</p>
        <div class="row">
          <button class="button danger" onClick=${hangUp}>Yes, hang up</button>
          <button onClick=${() => dialog.current.close()}>No, go on</button>
        </div>
      </div>
    </dialog>`;
}
