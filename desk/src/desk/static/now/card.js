// One call in progress: what is known of it, its captions, and what the operator can do.
import { html, useEffect, useRef, useState } from "/static/vendor/htm-preact.js";
import { Captions } from "./captions_view.js";
import { HangUp } from "./hang_up.js";
import { useInCall } from "./use_in_call.js";
import { lasting, stateOf, whoOf } from "./words.js";

export function Card({ call, ahead }) {
  const its = useInCall(call.id);
  const title = `call-${call.id}`;
  const line = call.line || "a line";
  return html`
    <article class=${`card stack call ${its.mode === "talks" ? "taken" : ""}`} aria-labelledby=${title}>
      <div class="row spread">
        <h2 id=${title}>${line}</h2>
        <span class="since"><span class="hidden-but-read">in progress for </span><${Since} began=${call.began} ahead=${ahead} /></span>
      </div>
      <dl>
        <dt>Who</dt><dd>${call.people.length ? call.people.map(whoOf).join(" and ") : "nobody any more"}</dd>
        <dt>Agent</dt><dd>${stateOf(call)}</dd>
        ${call.tool && html`<dt>Tool</dt><dd><code>${call.tool}</code> is running</dd>`}
      </dl>
      <div class="row">
        ${its.mode === "talks" ? html`<${Talking} its=${its} />` : html`<${Following} its=${its} call=${call} />`}
        <${HangUp} call=${call} line=${line} onProblem=${its.setProblem} />
      </div>
      ${its.mode === "talks" && html`<p class="muted">When you give the call back, the agent goes on. It has not heard what you said.</p>`}
      ${its.problem && html`<p class="notice bad" role="alert">${its.problem}</p>`}
      ${its.mode !== "out" && html`<${Captions} captions=${its.captions} call=${call} />`}
    </article>`;
}

function Following({ its, call }) {
  const { mode, busy, sound } = its;
  return html`
    <button aria-pressed=${mode === "listens"} disabled=${busy} onClick=${its.toggleCaptions}>Captions</button>
    <button aria-pressed=${mode === "listens" && sound} disabled=${busy} onClick=${its.toggleSound}>Listen</button>
    <button disabled=${busy || call.taken_over || !call.agent} onClick=${its.takeOver}>Take over</button>`;
}

function Talking({ its }) {
  return html`
    <span class="badge good" role="status">${its.muted ? "You are muted" : "You are talking to the caller"}</span>
    <button aria-pressed=${its.muted} onClick=${its.toggleMuted}>Mute</button>
    <button onClick=${its.leaveTheCall}>Give back to the agent</button>`;
}

function Since({ began, ahead }) {
  const [now, setNow] = useState(Date.now());
  const timer = useRef();
  useEffect(() => {
    timer.current = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer.current);
  }, []);
  return html`<time datetime=${began}>${lasting(now - ahead - Date.parse(began))}</time>`;
}
