// Runs in a page before its own scripts, and notes when things happen, in milliseconds since 1970: `window.marks`.
(() => {
  const LOUD = 0.015; // the RMS of a window, of 1: a voice is louder, and silence is not
  const marks = (window.marks = { pressed: 0, allowed: 0, heard: 0 });

  addEventListener("click", (event) => event.target.closest?.("#call") && (marks.pressed = Date.now()), true);

  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    marks.allowed ||= Date.now();
    return stream;
  };

  // Begun before a call, so that its own beginning takes no time of the call's.
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512; // some 11 ms
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    if (Math.sqrt(power) < LOUD) return;
    marks.heard = Date.now();
    clearInterval(timer);
  }, 5);

  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", ({ track }) => {
        if (track.kind === "audio") context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      });
    }
  };
})();
