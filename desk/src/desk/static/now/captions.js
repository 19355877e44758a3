// What is said in a call, as text streams of livekit-agents tell it while it is said.

export const TOPIC = "lk.transcription";
const MOST = 200; // captions that are kept

/**
 * Reads one stream, and calls `add` with {segment, identity, text, final} each time it has grown. The agent's words are
 * one stream, at whose end they are final. A caller's are a stream for each time that more of them was understood.
 */
export async function read(reader, { identity }, add) {
  const { "lk.segment_id": segment = reader.info.id } = reader.info.attributes ?? {};
  let text = "";
  const tell = () => add({ segment, identity, text, final: reader.info.attributes?.["lk.transcription_final"] === "true" });
  for await (const chunk of reader) {
    text += chunk;
    tell();
  }
  tell();
}

/** Returns the list with this caption, in the place of what was known of the same segment of the same person. */
export function withCaption(list, caption) {
  if (!caption.text.trim()) return list;
  const at = list.findIndex((one) => one.segment === caption.segment && one.identity === caption.identity);
  const next = at < 0 ? [...list, caption] : list.with(at, caption);
  return next.slice(-MOST);
}
