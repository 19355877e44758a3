// Two kinds of chart, in the page's colours: bars, and a band between a median and a high percentile.
import uPlot from "/static/vendor/uPlot.esm.js";

/** Returns the page's colours now: they follow the light or dark scheme. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), muted: of("--muted"), line: of("--line"), accent: of("--accent"), warn: of("--warn"), bad: of("--bad") };
}

const FONT = "12px system-ui, sans-serif";
const faint = (colour, part = 25) => `color-mix(in srgb, ${colour} ${part}%, transparent)`;

const WHOLE = [1, 2, 5].flatMap((one) => [one, one * 10, one * 100, one * 1000, one * 10000]).sort((one, other) => one - other);

function axes(labels, unit, whole) {
  const its = colours();
  const common = { stroke: its.muted, font: FONT, grid: { stroke: its.line, width: 1 }, ticks: { show: false } };
  return [
    {
      ...common,
      grid: { show: false },
      space: 56,
      size: 26,
      incrs: [1, 2, 3, 5, 7, 10, 14, 20, 30],
      values: (_, at) => at.map((one) => (Number.isInteger(one) ? (labels[one] ?? "") : "")),
    },
    { ...common, ...(whole && { incrs: WHOLE }), size: 52, values: (_, at) => at.map((one) => `${+one.toFixed(3)}${unit}`) },
  ];
}

function draw(place, labels, options, data, what) {
  place.replaceChildren();
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", what);
  const size = () => ({ width: Math.max(place.clientWidth, 120), height: Math.max(place.clientHeight, 80) });
  const chart = new uPlot(
    {
      ...size(),
      cursor: { drag: { setScale: false }, points: { show: false }, y: false },
      legend: { show: false },
      padding: [8, 4, 0, 0],
      ...options,
    },
    [labels.map((_, at) => at), ...data],
    place,
  );
  const resized = new ResizeObserver(() => chart.setSize(size()));
  resized.observe(place);
  return () => {
    resized.disconnect();
    chart.destroy();
  };
}

const beginsAtZero = { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] };
const places = (count) => ({ time: false, range: [-0.6, count - 0.4] });

/** Draws bars, of whole numbers unless `whole` is false; those of a later one of `series` ({name, values, colour}) stand on those of the earlier ones. */
export function bars(place, { labels, series, unit = "", whole = true, what }) {
  const its = colours();
  const sums = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, at) => (below ? below[at] : 0) + value));
  }
  const drawn = series.map(({ name, colour }) => ({
    label: name,
    stroke: its[colour],
    fill: its[colour],
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars({ size: [0.75, 48] }),
  }));
  const options = {
    scales: { x: places(labels.length), y: beginsAtZero },
    axes: axes(labels, unit, whole),
    series: [{}, ...drawn.toReversed()], // the highest first, so that the others cover it
  };
  return draw(place, labels, options, sums.toReversed(), what);
}

/** Draws a line through the medians, and a band from it to the high percentiles; null where a day has none. */
export function band(place, { labels, low, high, unit = "", what }) {
  const its = colours();
  const options = {
    scales: { x: places(labels.length), y: beginsAtZero },
    axes: axes(labels, unit, false),
    series: [
      {},
      { label: "95 of 100", stroke: faint(its.accent, 60), width: 1, spanGaps: false, points: { show: true, size: 5, fill: faint(its.accent, 60) } },
      { label: "median", stroke: its.accent, width: 2, spanGaps: false, points: { show: true, size: 6, fill: its.accent } },
    ],
    bands: [{ series: [1, 2], fill: faint(its.accent) }],
  };
  return draw(place, labels, options, [high, low], what);
}
