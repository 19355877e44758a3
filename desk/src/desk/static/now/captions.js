// What is said in a call, as text streams of livekit-agents tell it while it is said.

export const TOPIC = "lk.transcription";
const MOST = 200; // captions that are kept

/** Reads one stream, and calls `add` with {segment, identity, text, final} each time it has grown. */
export async function read(reader, { identity }, add) {
  const { "lk.segment_id": segment = reader.info.id, "lk.transcription_final": final } = reader.info.attributes ?? {};
  let text = "";
  for await (const chunk of reader) {
    text += chunk;
    add({ segment, identity, text, final: final === "true" });
  }
  add({ segment, identity, text, final: true });
}

/** Returns the list with this caption, in the place of what was known of the same segment. */
export function withCaption(list, caption) {
  if (!caption.text.trim()) return list;
  const at = list.findIndex((one) => one.segment === caption.segment);
  const next = at < 0 ? [...list, caption] : list.with(at, caption);
  return next.slice(-MOST);
}
