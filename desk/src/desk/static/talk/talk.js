// The page: what the call tells is drawn, and what is pressed is told to the call.
import { html, render, useEffect, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { Call, IDLE } from "./call.js";
import { Captions, Choice, Controls, Keypad, Signs, Status, Typing } from "./view.js";

function Talk({ lines, chosen, draft, relay }) {
  const [state, setState] = useState(IDLE);
  const [line, choose] = useState(chosen);
  const [showsKeys, setShowsKeys] = useState(false);
  const meter = useRef(null);
  const call = useMemo(() => new Call(setState, (level) => meter.current && (meter.current.value = level)), []);
  useFocusThatStays(call.isOn);

  const isOn = call.isOn;
  return html`
    <div class="card stack talk-top">
      <${Choice} lines=${lines} line=${line} choose=${choose} isOn=${isOn} call=${() => call.begin({ line, draft, relay })} />
      <${Status} state=${state} />
      ${isOn && html`
        <${Controls} state=${state} mute=${(muted) => call.mute(muted)} hangUp=${() => call.hangUp()}
          playSound=${() => call.playSound()} showsKeys=${showsKeys} showKeys=${() => setShowsKeys(!showsKeys)} />
        <${Signs} state=${state} meter=${meter} />
        <${Keypad} keys=${state.keys} press=${(key) => call.press(key)} isShown=${showsKeys} />`}
    </div>
    ${(isOn || state.captions.length > 0) && html`
      <div>
        <${Captions} captions=${state.captions} />
        ${isOn && html`<${Typing} send=${(text) => call.type(text)} isOn=${state.phase === "connected"} />`}
      </div>`}`;
}

// The button that was pressed goes away: the focus moves to the one that undoes it, and not to the page's beginning.
function useFocusThatStays(isOn) {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.getElementById(isOn ? "hang-up" : "call")?.focus();
    first.current = false;
  }, [isOn]);
}

const place = document.getElementById("talk");
if (place) {
  const { lines, line, draft } = place.dataset;
  const known = JSON.parse(lines);
  const relay = new URLSearchParams(location.search).get("relay") === "yes";
  place.replaceChildren();
  render(html`<${Talk} lines=${known} chosen=${line || known[0].name} draft=${draft} relay=${relay} />`, place);
}
