// The parts of the page, each a function of what it is given.
import { html, useEffect, useRef } from "../vendor/htm-preact.js";

const WHO = { you: "You", line: "The line", operator: "The operator" };
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const NAMES = { "*": "star", "#": "hash" };
const AGENT = { initializing: "is getting ready", listening: "is listening", thinking: "is thinking", speaking: "is speaking" };

export function Choice({ lines, line, choose, call, isOn }) {
  return html`
    <div class="row">
      ${lines.length > 1
        ? html`<label for="line">Line</label>
            <select id="line" value=${line} disabled=${isOn} onChange=${(event) => choose(event.target.value)}>
              ${lines.map((one) => html`<option key=${one.name} value=${one.name} selected=${one.name === line}>${one.title}</option>`)}
            </select>`
        : html`<span>Line: <strong>${lines[0].title}</strong></span>`}
      ${!isOn && html`<button type="button" class="button primary talk-big" id="call" onClick=${call}>Call</button>`}
    </div>`;
}

export function Status({ state }) {
  const { phase } = state;
  const sentence = {
    idle: "Press Call, allow the microphone, and talk.",
    calling: "Calling …",
    ringing: "Ringing …",
    connected: "Connected.",
    ended: state.reason,
  }[phase];
  return html`
    <p role="status" class="talk-status" data-phase=${phase}>${sentence}</p>
    ${state.connection && html`<p role="alert" class="notice warn">${state.connection}</p>`}
    ${state.trouble && html`<p role="alert" class="notice warn talk-trouble">${state.trouble}</p>`}`;
}

export function Controls({ state, mute, hangUp, playSound, showsKeys, showKeys }) {
  const { microphone } = state;
  const muted = microphone === "muted";
  return html`
    <div class="row talk-controls" role="group" aria-label="The call">
      <button type="button" class="button danger" id="hang-up" onClick=${hangUp}>Hang up</button>
      <button type="button" class="button" id="mute" aria-pressed=${muted} disabled=${!muted && microphone !== "on"}
        onClick=${() => mute(!muted)}>Mute</button>
      <button type="button" class="button" id="keys" aria-expanded=${showsKeys} aria-controls="keypad" onClick=${showKeys}>Keypad</button>
      ${state.silent && html`<button type="button" class="button primary" onClick=${playSound}>Play the sound</button>`}
    </div>`;
}

export function Signs({ state, meter }) {
  const { microphone, speaking, agent, tool, operator } = state;
  const heard = { off: "off", asking: "asked for", on: "on", muted: "muted", none: "none" }[microphone];
  return html`
    <div class="talk-signs">
      <div class="talk-level">
        <label for="level">Microphone: ${heard}</label>
        <meter id="level" min="0" max="1" value="0" ref=${meter}></meter>
      </div>
      <p class="talk-who">
        <span class=${speaking.includes("you") ? "badge good" : "badge muted"} data-speaking=${speaking.includes("you")}>You</span>${" "}
        <span class=${speaking.includes("line") ? "badge good" : "badge muted"} data-speaking=${speaking.includes("line")}>The line</span>
        ${operator && html`${" "}<span class=${speaking.includes("operator") ? "badge good" : "badge warn"}>The operator has taken over</span>`}
      </p>
      <p class="muted talk-agent">
        ${tool ? html`The line is using <code id="tool">${tool}</code>.` : AGENT[agent] ? `The line ${AGENT[agent]}.` : " "}
      </p>
    </div>`;
}

export function Keypad({ keys, press, isShown }) {
  const type = (event) => {
    if (KEYS.includes(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) press(event.key);
  };
  return html`
    <div id="keypad" class="talk-keypad" role="group" aria-label="Keypad" hidden=${!isShown} onKeyDown=${type}>
      ${KEYS.map((key) => html`<button type="button" class="button" key=${key} aria-label=${NAMES[key] ?? key} onClick=${() => press(key)}>${key}</button>`)}
      <p class="muted" role="status">${keys ? html`Pressed: <span id="pressed">${keys}</span>` : "With the focus here, the keyboard's digits work, too."}</p>
    </div>`;
}

export function Captions({ captions }) {
  const box = useRef(null);
  const isAtEnd = useRef(true); // who has scrolled up to read stays there
  useEffect(() => {
    if (isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [captions]);
  const onScroll = ({ currentTarget: its }) => {
    isAtEnd.current = its.scrollHeight - its.scrollTop - its.clientHeight < 40;
  };
  return html`
    <section class="card talk-captions" aria-labelledby="captions-title">
      <h2 id="captions-title">What is said</h2>
      <div id="captions" ref=${box} onScroll=${onScroll} role="log" aria-live="polite" aria-labelledby="captions-title" tabindex="0">
        ${captions.length ? captions.map(Caption) : html`<p class="muted">Nothing has been said yet.</p>`}
      </div>
    </section>`;
}

function Caption({ id, who, text, final, typed }) {
  return html`
    <p key=${id} class=${final ? "talk-caption" : "talk-caption talk-interim"} data-who=${who} data-final=${final}>
      <strong>${WHO[who]}${typed ? " (typed)" : ""}:</strong>${" "}<span>${text}</span>
    </p>`;
}

export function Typing({ send, isOn }) {
  const submit = (event) => {
    event.preventDefault();
    const field = event.target.elements.typed;
    const text = field.value.trim();
    if (text) send(text);
    field.value = "";
  };
  return html`
    <form class="row talk-typing" onSubmit=${submit}>
      <label for="typed" class="hidden-but-read">Type instead of talking</label>
      <input id="typed" name="typed" type="text" maxlength="1000" autocomplete="off" placeholder="Type instead of talking" disabled=${!isOn} />
      <button class="button" disabled=${!isOn}>Send</button>
    </form>`;
}
