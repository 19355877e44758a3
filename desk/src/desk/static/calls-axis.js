// Draws who spoke when, and what each gap before an answer was spent on.
const SVG = "http://www.w3.org/2000/svg";
const PX = 14; // a second
const LEFT = 64;
const LABEL = 36; // pixels of a time above the axis
const ROWS = { caller: 24, gap: 50, agent: 76, mark: 104 };
const HEIGHT = 118;
const WIDEST = 60000; // px; browsers draw no wider
const STAGES = { Transcribed: "transcribed", Decided: "decided", "First token": "first_token", "First audio": "first_audio" };

/** Draw into `place`; `hear(seconds)` is called for a click. Returns a function that shows the moment that is heard. */
export function drawAxis(place, timeline, hear) {
  const room = Math.max(300, place.clientWidth - LEFT - 20);
  const seconds = Math.max(1, timeline.seconds);
  const px = Math.min(Math.max(PX, room / seconds), WIDEST / seconds);
  const width = LEFT + seconds * px + 20;
  const svg = element("svg", { width, height: HEIGHT, "aria-hidden": "true", focusable: "false" });
  const x = (at) => LEFT + Math.min(Math.max(0, at), seconds) * px;

  drawGrid(svg, seconds, px, x);
  for (const [who, y] of [["Caller", ROWS.caller], ["Gaps", ROWS.gap], ["Agent", ROWS.agent]]) {
    svg.append(text(4, y + 13, who));
  }
  for (const turn of timeline.turns) {
    if (!(turn.who in ROWS)) continue;
    const kind = turn.interrupted ? `${turn.who} interrupted` : turn.who;
    svg.append(bar(kind, x(turn.start), ROWS[turn.who], x(turn.end) - x(turn.start), turn.text));
  }
  for (const gap of timeline.gaps) drawGap(svg, gap, x);
  for (const mark of timeline.marks) svg.append(titled(element("circle", { class: "mark", cx: x(mark.at), cy: ROWS.mark, r: 5 }), mark.text));
  const now = element("line", { class: "now", x1: LEFT, x2: LEFT, y1: 14, y2: HEIGHT });
  svg.append(now);
  svg.addEventListener("click", (event) => hear((event.clientX - svg.getBoundingClientRect().left - LEFT) / px));
  place.replaceChildren(svg);

  return (at) => {
    now.setAttribute("x1", x(at));
    now.setAttribute("x2", x(at));
    const shown = x(at) - place.scrollLeft;
    if (shown < LEFT || shown > place.clientWidth - 20) place.scrollLeft = x(at) - place.clientWidth / 3;
  };
}

function drawGap(svg, gap, x) {
  let at = gap.start;
  for (const stage of gap.stages) {
    if (!stage.seconds) continue;
    const said = `${stage.name}: ${stage.seconds.toFixed(2)} s of ${gap.seconds.toFixed(2)} s`;
    svg.append(bar(STAGES[stage.name], x(at), ROWS.gap, x(at + stage.seconds) - x(at), said));
    at += stage.seconds;
  }
}

function drawGrid(svg, seconds, px, x) {
  const step = [1, 2, 5, 10, 30, 60, 300, 600, 3600].find((it) => it * px >= 60) || 7200;
  for (let at = 0; at <= seconds; at += step) {
    svg.append(element("line", { class: "grid-line", x1: x(at), x2: x(at), y1: 16, y2: HEIGHT }));
    if ((seconds - at) * px < LABEL) continue; // it would be cut off
    svg.append(text(x(at) + 2, 12, `${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")}`));
  }
}

function bar(kind, x, y, width, said) {
  return titled(element("rect", { class: kind, x, y, width: Math.max(2, width), height: 18, rx: 3 }), said);
}

function titled(shape, said) {
  const title = element("title", {});
  title.textContent = said;
  shape.append(title);
  return shape;
}

function text(x, y, content) {
  const made = element("text", { x, y });
  made.textContent = content;
  return made;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
