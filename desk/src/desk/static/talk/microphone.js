// The caller's microphone: opening it, and how loud it is.
import { createLocalAudioTrack } from "../vendor/livekit-client.esm.mjs";

// Echo cancellation keeps what comes out of the loudspeakers from interrupting the agent.
const WANTED = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const EVERY = 80; // milliseconds
const FULL = 0.25; // the RMS of a loud voice, of 1

// Asks for the microphone. Throws what the browser's getUserMedia does, or an InsecureContextError.
export function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) {
    return Promise.reject(new DOMException("This page has no microphones.", "InsecureContextError"));
  }
  return createLocalAudioTrack(WANTED);
}

// Tells how loud a track is, from 0 to 1, several times a second. Returns a function that ends that.
export function meter(track, tell) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    tell(track.isMuted ? 0 : Math.min(1, Math.sqrt(rms / FULL)));
  }, EVERY);
  return () => {
    clearInterval(timer);
    context.close();
  };
}
