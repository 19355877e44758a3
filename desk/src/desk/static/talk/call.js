// One call at a time from this browser to a line. It knows nothing of the page: it tells what has changed.
import { ParticipantKind, Room, RoomEvent, Track, TrackEvent } from "../vendor/livekit-client.esm.mjs";
import { follow, withSegment, withTyped } from "./captions.js";
import { meter, openMicrophone } from "./microphone.js";
import * as words from "./words.js";

const ANSWERS_WITHIN = 15_000; // milliseconds
const LEFT_ALONE = 3_000; // milliseconds after the agent has left, in which the server usually ends the call
const LOCK = "landline-call"; // one for all tabs of a browser
const KEYS = "0123456789*#"; // a key's place is its DTMF code

export const IDLE = {
  phase: "idle", // calling: asking the server; ringing: waiting for the agent; connected; ended: see `reason`
  reason: "",
  trouble: "", // with the microphone, without which the call goes on
  connection: "", // that it is being reconnected
  microphone: "off", // asking, on, muted, none
  speaking: [], // of "you", "line" and "operator"
  agent: "", // listening, thinking, speaking
  tool: "", // that is running
  operator: false, // somebody has taken over
  silent: false, // the browser plays no sound before a button is pressed
  keys: "",
  captions: [],
};

export class Call {
  #room;
  #track;
  #endMeter = () => {};
  #release; // ends the lock
  #patience;
  #tell;
  state = IDLE;

  // `tell(state)` is called after each change, and `level(0…1)` with the microphone's.
  constructor(tell, level) {
    this.#tell = tell;
    this.level = level;
  }

  get isOn() {
    return ["calling", "ringing", "connected"].includes(this.state.phase);
  }

  // Calls a line; `draft` is a version of it that was not saved. Returns when the call is over.
  async begin({ line, draft, relay }) {
    if (this.isOn) return;
    this.#change({ ...IDLE, phase: "calling" });
    if (!navigator.locks) return this.#hold({ line, draft, relay });
    await navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => {
      if (lock) return this.#hold({ line, draft, relay });
      this.#change({ phase: "ended", reason: words.OTHER_TAB });
    });
  }

  hangUp() {
    this.#end(words.HUNG_UP);
  }

  async mute(muted) {
    if (!this.#track) return;
    await (muted ? this.#track.mute() : this.#track.unmute());
    this.#change({ microphone: muted ? "muted" : "on", speaking: this.state.speaking.filter((who) => who !== "you") });
  }

  async press(key) {
    if (this.state.phase !== "connected") return;
    this.#change({ keys: this.state.keys + key });
    await this.#room.localParticipant.publishDtmf(KEYS.indexOf(key), key);
  }

  async type(text) {
    if (this.state.phase !== "connected") return;
    this.#change({ captions: withTyped(this.state.captions, text) });
    await this.#room.localParticipant.sendText(text, { topic: "lk.chat" });
  }

  async playSound() {
    await this.#room?.startAudio();
  }

  // From the click to the end, both of which hold the lock.
  #hold(wanted) {
    const over = new Promise((resolve) => (this.#release = resolve));
    const room = (this.#room = this.#newRoom());
    room.startAudio().catch(() => {}); // while the click still counts
    this.#patience = setTimeout(() => this.#end(words.NO_AGENT), ANSWERS_WITHIN);
    // Both at once: the agent greets while the browser still asks for the microphone.
    this.#join(room, wanted).catch((error) => this.#end(words.beginningTrouble(error)));
    this.#publish(room);
    return over;
  }

  async #join(room, { line, draft, relay }) {
    const ticket = await ask(line, draft);
    if (room !== this.#room) return;
    await room.connect(ticket.url, ticket.token, relay ? { rtcConfig: { iceTransportPolicy: "relay" } } : {});
    if (room !== this.#room) return room.disconnect();
    if (this.state.phase === "calling") this.#change({ phase: "ringing" });
    this.#look(room);
  }

  async #publish(room) {
    this.#change({ microphone: "asking" });
    let track;
    try {
      track = await openMicrophone();
    } catch (error) {
      if (room === this.#room) this.#change({ microphone: "none", trouble: words.microphoneTrouble(error) });
      return;
    }
    if (room !== this.#room) return track.stop();
    this.#track = track;
    this.#endMeter = meter(track, this.level);
    track.on(TrackEvent.Ended, () => this.#change({ microphone: "none", trouble: words.MICROPHONE_GONE }));
    this.#change({ microphone: "on" });
    if (!(await joined(room))) return;
    try {
      await room.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
    } catch {
      if (room === this.#room && this.isOn) this.#change({ trouble: words.microphoneTrouble() });
    }
  }

  #newRoom() {
    const room = new Room({ disconnectOnPageLeave: true });
    const mine = (handler) => (...given) => room === this.#room && handler(...given);
    const look = mine(() => this.#look(room));
    room
      .on(RoomEvent.ParticipantConnected, look)
      .on(RoomEvent.ParticipantAttributesChanged, look)
      .on(RoomEvent.ParticipantDisconnected, mine(() => this.#lookWhoIsLeft(room)))
      .on(RoomEvent.ActiveSpeakersChanged, mine((speakers) => this.#change({ speaking: speakers.map((one) => whoIs(room, one)) })))
      .on(RoomEvent.TrackSubscribed, mine((track) => track.kind === Track.Kind.Audio && document.body.append(track.attach())))
      .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()))
      .on(RoomEvent.AudioPlaybackStatusChanged, mine(() => this.#change({ silent: !room.canPlaybackAudio })))
      .on(RoomEvent.SignalReconnecting, mine(() => this.#change({ connection: words.RECONNECTING })))
      .on(RoomEvent.Reconnecting, mine(() => this.#change({ connection: words.RECONNECTING })))
      .on(RoomEvent.Reconnected, mine(() => this.#change({ connection: "" })))
      // While the call begins, `connect` itself fails, and says why.
      .on(RoomEvent.Disconnected, mine((reason) => this.state.phase !== "calling" && this.#end(words.endingOf(reason))));
    room.registerTextStreamHandler("lk.transcription", (reader, from) => {
      if (reader.info.attributes?.["landline.typed"]) return; // the page has shown it when it was sent
      const who = whoIs(room, room.getParticipantByIdentity(from.identity) ?? from);
      follow(reader, who, mine((segment) => this.#change({ captions: withSegment(this.state.captions, segment) })));
    });
    return room;
  }

  // Reads what the agent says of itself in its attributes.
  #look(room) {
    const agent = agentIn(room);
    if (!agent) return;
    clearTimeout(this.#patience);
    const { "lk.agent.state": state, "landline.tool": tool, "landline.operator": operator } = agent.attributes;
    const rejected = agent.attributes["landline.rejected"];
    this.#change({ agent: state ?? "", tool: tool ?? "", operator: operator === "yes", phase: "connected" });
    if (rejected) this.rejected = words.rejectionOf(rejected);
  }

  // A call that was transferred goes on without the agent. One without anybody is over.
  #lookWhoIsLeft(room) {
    this.#change({ agent: "", tool: "" });
    if (!room.remoteParticipants.size) this.#patience = setTimeout(() => this.#end(words.LINE_LEFT), LEFT_ALONE);
  }

  #end(reason) {
    if (!this.#room) return;
    const room = this.#room;
    this.#room = undefined; // so that nothing of this call changes the next one
    clearTimeout(this.#patience);
    this.#endMeter();
    this.#endMeter = () => {};
    this.#track?.stop();
    this.#track = undefined;
    for (const one of room.remoteParticipants.values()) {
      for (const { track } of one.trackPublications.values()) track?.detach().forEach((element) => element.remove());
    }
    room.disconnect().catch(() => {});
    const why = reason === words.LINE_LEFT && this.rejected ? this.rejected : reason;
    this.rejected = undefined;
    this.#change({
      phase: "ended", reason: why, connection: "",
      microphone: "off", speaking: [], agent: "", tool: "", silent: false, operator: false,
      captions: this.state.captions.map((caption) => ({ ...caption, final: true })),
    });
    this.#release?.();
  }

  #change(changes) {
    this.state = { ...this.state, ...changes };
    this.#tell(this.state);
  }
}

// Asks the desk for a room. Throws Refused with the desk's sentence.
async function ask(line, draft) {
  const answer = await fetch("/talk/call", {
    method: "POST",
    headers: {
      "Accept": "application/json",
      "Content-Type": "application/json",
      "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content,
    },
    body: JSON.stringify(draft ? { line, draft } : { line }),
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  throw new words.Refused(sentenceOf(text) ?? `The desk answered with status ${answer.status}. Try again in a minute.`);
}

// The sentence in an answer: JSON of the desk's, or a plain text.
function sentenceOf(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return text.length < 300 && !text.includes("<") ? text || undefined : undefined;
  }
}

function agentIn(room) {
  return [...room.remoteParticipants.values()].find((one) => one.kind === ParticipantKind.AGENT);
}

function whoIs(room, participant) {
  if (participant.identity === room.localParticipant.identity) return "you";
  return participant.attributes?.["landline.operator"] && participant.kind !== ParticipantKind.AGENT ? "operator" : "line";
}

// Resolves when the room is joined, to true, or when that has failed, to false.
function joined(room) {
  if (room.state === "connected") return true;
  return new Promise((resolve) => {
    room.once(RoomEvent.Connected, () => resolve(true));
    room.once(RoomEvent.Disconnected, () => resolve(false));
  });
}
