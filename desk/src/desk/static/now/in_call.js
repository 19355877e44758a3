// A browser in the room of a call: unseen, to read along and listen, or as the operator who talks to the caller.
import { DisconnectReason, LogLevel, Room, RoomEvent, setLogLevel, Track } from "/static/vendor/livekit-client.esm.mjs";
import { read, TOPIC } from "./captions.js";
import { post } from "./post.js";

setLogLevel(LogLevel.silent); // its log has the name of the room, and so the caller's number; what matters is on the page

const ADDRESS = location.origin.replace(/^http/, "ws");
const OVER = [DisconnectReason.ROOM_DELETED, DisconnectReason.ROOM_CLOSED];
const REFUSED = {
  NotAllowedError: "The browser does not let this page use the microphone. Allow it beside the address, then try again.",
  NotFoundError: "There is no microphone.",
  NotReadableError: "The microphone is in use by another program.",
};

export class InCall {
  #room = null;
  #sound = false;
  #elements = new Map();

  /** `onCaption` is given each caption. `onLeft` is called when this browser is out of the room: with true, the call is over. */
  constructor(id, onCaption, onLeft) {
    this.id = id;
    this.onCaption = onCaption;
    this.onLeft = onLeft;
  }

  /** Enters the room without being seen or heard. */
  async listen() {
    await this.#enter("listen");
  }

  /** Enters the room as the operator, with the microphone. */
  async takeOver() {
    const microphone = await this.#microphone();
    try {
      await this.#enter("take-over");
      this.setSound(true);
      await this.#room.localParticipant.publishTrack(microphone, { source: Track.Source.Microphone });
    } catch (error) {
      microphone.stop();
      this.leave();
      throw error;
    }
  }

  /** Mutes the operator's microphone, or lets it be heard again. */
  async setMuted(muted) {
    const its = this.#room?.localParticipant.getTrackPublication(Track.Source.Microphone);
    await (muted ? its?.mute() : its?.unmute());
  }

  /** Plays what is heard in the call, or stops that. */
  setSound(on) {
    this.#sound = on;
    for (const person of this.#room?.remoteParticipants.values() ?? []) {
      for (const publication of person.trackPublications.values()) this.#subscribe(publication);
    }
  }

  /** Leaves the room; the call goes on. */
  leave() {
    const room = this.#room;
    this.#room = null;
    room?.removeAllListeners();
    room?.disconnect();
    this.#silence();
  }

  async #microphone() {
    if (!navigator.mediaDevices) throw new Error("Browsers allow a microphone on https and localhost only.");
    try {
      const options = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: options });
      return stream.getAudioTracks()[0];
    } catch (error) {
      throw new Error(REFUSED[error.name] ?? `The microphone cannot be used (${error.name}).`);
    }
  }

  async #enter(how) {
    this.leave();
    const { token } = await post(`/now/${encodeURIComponent(this.id)}/${how}`);
    const room = new Room();
    room.registerTextStreamHandler(TOPIC, (reader, who) => read(reader, who, this.onCaption).catch(() => {}));
    room.on(RoomEvent.TrackPublished, (publication) => this.#subscribe(publication));
    room.on(RoomEvent.TrackSubscribed, (track) => this.#play(track));
    room.on(RoomEvent.TrackUnsubscribed, (track) => this.#stop(track));
    room.on(RoomEvent.Disconnected, (reason) => {
      this.#room = null;
      this.#silence();
      this.onLeft(OVER.includes(reason));
    });
    this.#room = room;
    try {
      await room.connect(ADDRESS, token, { autoSubscribe: false });
    } catch {
      this.leave();
      throw new Error("The media server does not let this browser in. See Health.");
    }
    this.setSound(this.#sound);
  }

  #subscribe(publication) {
    if (publication.kind === Track.Kind.Audio) publication.setSubscribed(this.#sound);
  }

  #play(track) {
    if (track.kind !== Track.Kind.Audio || this.#elements.has(track.sid)) return;
    const element = track.attach();
    element.hidden = true;
    document.body.append(element);
    this.#elements.set(track.sid, element);
  }

  #stop(track) {
    track.detach();
    this.#elements.get(track.sid)?.remove();
    this.#elements.delete(track.sid);
  }

  #silence() {
    for (const element of this.#elements.values()) {
      element.srcObject = null;
      element.remove();
    }
    this.#elements.clear();
  }
}
