// How the page says what is known of a call.

const STATES = {
  initializing: "getting ready",
  idle: "waiting",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
};

export function stateOf(call) {
  if (!call.agent) return "The agent has not come yet";
  if (call.taken_over) return "silent: an operator has taken over";
  return STATES[call.state] ?? "there";
}

/** Says who is in the call, as far as that may be known. */
export function whoOf({ kind, number, called, ringing }) {
  const who = kind === "browser" ? "a browser" : number || "a phone that shows no number";
  if (ringing) return `${who} (ringing)`;
  return called ? `${who} (called by the agent)` : who;
}

/** Says who has said a caption. */
export function speakerOf(identity, call) {
  if (identity === call.agent) return "Agent";
  if (identity.startsWith("operator-")) return "Operator";
  const caller = call.people.find((one) => one.identity === identity);
  if (!caller || call.people.length < 2) return "Caller";
  return caller.number || "Caller";
}

/** Writes milliseconds as 1:05 or 1:02:03. */
export function lasting(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
