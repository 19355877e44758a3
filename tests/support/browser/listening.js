// Runs in every page before the page's own scripts, and records what comes in over WebRTC, all tracks together: `window.heard`.
(() => {
  const heard = { began: 0, chunks: [], tracks: 0, connections: [], read, ways };
  let context, mix, recorder;

  function record(track) {
    heard.tracks += 1;
    if (!recorder) start();
    const stream = new MediaStream([track]);
    // Chromium gives Web Audio no sound of a remote track unless an element plays it, too.
    const player = new Audio();
    player.muted = true;
    player.srcObject = stream;
    player.play().catch(() => {});
    context.createMediaStreamSource(stream).connect(mix);
  }

  function start() {
    context = new AudioContext();
    mix = context.createMediaStreamDestination();
    recorder = new MediaRecorder(mix.stream, { mimeType: "audio/webm;codecs=opus", audioBitsPerSecond: 64000 });
    recorder.ondataavailable = (event) => heard.chunks.push(event.data);
    recorder.onstart = () => (heard.began = Date.now());
    recorder.start(1000);
  }

  // All that has been heard so far, as base64; "" if no track has come.
  async function read() {
    if (!recorder) return "";
    await new Promise((resolve) => {
      recorder.addEventListener("dataavailable", resolve, { once: true });
      recorder.requestData();
    });
    const bytes = new Uint8Array(await new Blob(heard.chunks).arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  }

  // How packets go out: the types of the candidates in use, "host", "prflx", "srflx" or "relay".
  async function ways() {
    const found = new Set();
    for (const connection of heard.connections) {
      const stats = await connection.getStats();
      for (const one of stats.values()) {
        if (one.type !== "transport" || !one.selectedCandidatePairId) continue;
        found.add(stats.get(stats.get(one.selectedCandidatePairId).localCandidateId).candidateType);
      }
    }
    return [...found].sort();
  }

  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...given) {
      super(...given);
      heard.connections.push(this);
      this.addEventListener("track", (event) => event.track.kind === "audio" && record(event.track));
    }
  };
  window.heard = heard;
})();
