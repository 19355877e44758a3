// What a card knows of this browser's own part in the call. `mode` is "out", "listens" or "talks".
import { useEffect, useRef, useState } from "/static/vendor/htm-preact.js";
import { withCaption } from "./captions.js";
import { InCall } from "./in_call.js";

export function useInCall(id) {
  const [mode, setMode] = useState("out");
  const [busy, setBusy] = useState(false);
  const [sound, setSound] = useState(false);
  const [muted, setMuted] = useState(false);
  const [captions, setCaptions] = useState([]);
  const [problem, setProblem] = useState("");
  const its = useRef(null);
  its.current ??= new InCall(
    id,
    (caption) => setCaptions((list) => withCaption(list, caption)),
    (isOver) => {
      setMode("out");
      if (!isOver) setProblem("This browser has lost its connection to the call. If the call goes on, you can enter it again.");
    },
  );
  useEffect(() => () => its.current.leave(), []);

  const change = async (to, work) => {
    setBusy(true);
    setProblem("");
    try {
      await work();
      setMode(to);
    } catch (error) {
      setMode("out");
      setProblem(error.message);
    } finally {
      setBusy(false);
    }
  };
  const listen = (withSound) =>
    change("listens", async () => {
      its.current.setSound(withSound);
      setSound(withSound);
      await its.current.listen();
    });
  const leave = () => {
    its.current.leave();
    setMode("out");
  };
  return {
    mode, busy, sound, muted, captions, problem, setProblem,
    toggleCaptions: () => (mode === "listens" ? leave() : listen(false)),
    toggleSound: () => {
      if (mode !== "listens") return listen(true);
      its.current.setSound(!sound);
      setSound(!sound);
    },
    takeOver: () =>
      change("talks", async () => {
        await its.current.takeOver();
        setMuted(false);
      }),
    leaveTheCall: () => listen(false),
    toggleMuted: async () => {
      await its.current.setMuted(!muted);
      setMuted(!muted);
    },
  };
}
