// The page of one call: its recording with the sentence that is spoken, and its turns on a time axis.
import WaveSurfer from "/static/vendor/wavesurfer.esm.js";
import { drawAxis } from "/static/calls-axis.js";

const LONGEST_DECODED = 15 * 60; // seconds; a longer recording would take a browser too much memory to look into
const RESOLUTION = 4; // points a second, where the sound is not looked into

const axis = document.getElementById("axis");
const player = document.getElementById("player");
const audio = document.getElementById("audio");
const source = audio?.getAttribute("src"); // WaveSurfer puts a copy in the browser's memory in its place

let moveAxis = () => {};
if (player) listen();
const timeline = await readTimeline((player || axis).dataset.timeline);
if (axis && timeline) moveAxis = drawAxis(axis, timeline, hear);
if (player) drawSound();

async function readTimeline(from) {
  try {
    const answer = await fetch(from, { headers: { Accept: "application/json" } });
    if (answer.ok) return await answer.json();
    say("axis-problem", (await answer.json()).error);
  } catch {
    say("axis-problem", "The times of this call could not be loaded. Load the page again.");
  }
  return null;
}

function listen() {
  audio.addEventListener("error", tellWhy);
  if (audio.error || audio.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) tellWhy(); // it has failed already
  audio.addEventListener("timeupdate", follow);
  audio.addEventListener("seeking", follow);
  document.getElementById("speed").addEventListener("change", (event) => {
    audio.playbackRate = Number(event.target.value);
  });
  document.getElementById("conversation")?.addEventListener("click", (event) => {
    const sentence = event.target.closest(".sentence");
    if (sentence) hear(Number(sentence.dataset.at));
  });
}

function hear(at) {
  if (!audio) return;
  audio.currentTime = Math.max(0, at);
  audio.play().catch(() => {}); // what went wrong comes as an event, too
}

function follow() {
  const now = audio.currentTime;
  moveAxis(now);
  const spoken = [...document.querySelectorAll(".sentence")].findLast(
    (it) => Number(it.dataset.at) <= now + 0.05 && now < Number(it.dataset.until) + 0.3,
  );
  for (const marked of document.querySelectorAll(".sentence[aria-current]")) {
    if (marked !== spoken) marked.removeAttribute("aria-current");
  }
  spoken?.setAttribute("aria-current", "true");
}

async function tellWhy() {
  let why = "This browser cannot play the recording (Opus in Ogg). Download it instead.";
  try {
    const answer = await fetch(source, { method: "GET", headers: { Accept: "application/json", Range: "bytes=0-0" } });
    if (answer.status === 404) why = "The recording is gone: it was deleted while you looked at it, or just before.";
    else if (answer.status === 401) why = "You are signed out: sign in again to hear the recording.";
    else if (!answer.ok) why = "The recording cannot be read just now.";
  } catch {
    why = "The desk does not answer, so the recording cannot be loaded.";
  }
  say("audio-problem", why);
}

function drawSound() {
  const seconds = timeline?.seconds || 0;
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const channel = (name) => ({ waveColor: color(name), progressColor: color(name), height: 56 });
  const container = document.createElement("div");
  const options = {
    container,
    media: audio,
    cursorColor: color("--ink"),
    splitChannels: [channel("--caller"), channel("--agent")],
    height: 56,
    interact: true,
  };
  if (seconds > LONGEST_DECODED) Object.assign(options, { peaks: peaksOfTurns(seconds), duration: seconds });
  const wave = WaveSurfer.create(options);
  adoptStyles(container);
  document.getElementById("wave").replaceChildren(container);
  wave.once("error", () => {
    // The sound itself cannot be looked into: who spoke when is drawn instead. Whether it plays, `audio` says. This has
    // the sound loaded once more, and an error of that would lead to it again, without an end: so once only.
    if (timeline && seconds) wave.load(source, peaksOfTurns(seconds), seconds).catch(() => {});
  });
}

// The policy of this page forbids <style> elements, so the styles of the shadow root are adopted from a sheet before the
// element is in the document.
function adoptStyles(container) {
  const root = container.firstElementChild?.shadowRoot;
  const style = root?.querySelector("style");
  if (!style) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style.textContent);
  style.remove();
  root.adoptedStyleSheets = [sheet];
}

function peaksOfTurns(seconds) {
  const points = Math.max(1, Math.ceil(seconds * RESOLUTION));
  return ["caller", "agent"].map((who) => {
    const peaks = new Float32Array(points).fill(0.02);
    for (const turn of timeline.turns) {
      if (turn.who === who) peaks.fill(0.7, Math.max(0, Math.floor(turn.start * RESOLUTION)), Math.ceil(turn.end * RESOLUTION));
    }
    return peaks;
  });
}

function say(id, sentence) {
  const place = document.getElementById(id);
  if (!place) return;
  place.textContent = sentence;
  place.hidden = false;
}
