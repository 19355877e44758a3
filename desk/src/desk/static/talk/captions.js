// What both sides have said, in the order in which they began. Pure functions: none changes what it is given.

// Returns the captions with one segment as it is now. `who` is "you", "line" or "operator"; a final text stays as it is.
export function withSegment(captions, { id, who, text, final }) {
  const known = captions.findIndex((caption) => caption.id === id);
  if (known < 0) return text.trim() ? [...captions, { id, who, text, final }] : captions;
  if (captions[known].final && !final) return captions;
  return captions.map((caption, at) => (at === known ? { ...caption, text, final } : caption));
}

// Returns them with a text that was typed.
export function withTyped(captions, text) {
  return [...captions, { id: `typed-${captions.length}`, who: "you", text, final: true, typed: true }];
}

// Follows one text stream of the topic lk.transcription, and tells of its segment each time that it grows.
export async function follow(reader, who, tell) {
  const id = reader.info.attributes?.["lk.segment_id"] ?? reader.info.id;
  let text = "";
  const isFinal = () => reader.info.attributes?.["lk.transcription_final"] === "true";
  try {
    for await (const part of reader) {
      text += part;
      tell({ id, who, text, final: isFinal() });
    }
  } catch {
    // The sender was interrupted: what was said so far stays.
  }
  // The agent writes its words into one stream while it says them, so the stream's end is the sentence's.
  tell({ id, who, text, final: who !== "you" || isFinal() });
}
