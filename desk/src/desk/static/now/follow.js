// The calls in progress, by server-sent events; the browser takes a lost connection up again by itself.

const LOST = "The desk does not answer. This page goes on as soon as it does.";
const ENDED = "Your session has ended, so this page shows nothing new. Load it again to sign in.";

/** Calls `onKnown` with {calls, problem, ahead}, where `ahead` is how many milliseconds this clock is before the desk's. */
export function follow(onKnown, onLost) {
  const source = new EventSource("/now/events");
  source.onmessage = ({ data }) => {
    const { at, calls, problem } = JSON.parse(data);
    onLost("");
    onKnown({ calls, problem, ahead: Date.now() - Date.parse(at) });
  };
  source.onopen = () => onLost("");
  source.onerror = () => {
    onLost(source.readyState === EventSource.CLOSED ? ENDED : LOST);
  };
  return () => source.close();
}
