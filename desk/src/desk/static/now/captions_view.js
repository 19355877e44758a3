// The captions of a call, the newest in sight.
import { html, useEffect, useRef } from "/static/vendor/htm-preact.js";
import { speakerOf } from "./words.js";

export function Captions({ captions, call }) {
  const box = useRef();
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [captions]);
  const onScroll = ({ currentTarget: its }) => {
    isAtEnd.current = its.scrollHeight - its.scrollTop - its.clientHeight < 40;
  };
  return html`
    <div class="captions" ref=${box} onScroll=${onScroll} role="log" tabindex="0" aria-label=${`Captions of ${call.line || "the call"}`}>
      ${captions.length === 0 && html`<p class="muted">What is said from now on is written here.</p>`}
      ${captions.map(({ segment, identity, text, final }) => {
        const who = speakerOf(identity, call);
        return html`<p key=${segment} class=${`${who === "Agent" ? "agent" : ""} ${final ? "" : "unfinished"}`}>
          <span class="who">${who}</span>${text}
        </p>`;
      })}
    </div>`;
}
