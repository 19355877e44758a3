// The charts of the page Health. Their figures are also in the page's tables.
import { band, bars } from "./plot.js";

const root = document.getElementById("charts");

function dayNames(days) {
  return days.map((day) => day.slice(5).replace("-", "/"));
}

const DRAW = {
  calls: (place, { days, calls }) =>
    bars(place, {
      labels: dayNames(days),
      series: [
        { name: "phone", values: calls.phone, colour: "accent" },
        { name: "browser", values: calls.browser, colour: "muted" },
        { name: "rejected", values: calls.rejected, colour: "bad" },
      ],
      what: `Calls a day: ${calls.in_all} in all, ${sum(calls.rejected)} of them rejected`,
    }),
  hours: (place, { hours }) =>
    bars(place, {
      labels: hours.map((_, hour) => `${hour}:00`),
      series: [{ name: "calls", values: hours, colour: "accent" }],
      what: `Calls by the hour of the day, most at ${hours.indexOf(Math.max(...hours))}:00`,
    }),
  band: (place, figures) => {
    const { title, p50, p95, median } = stageOf(place, figures);
    const what = `${title}: a day's median and 95th percentile; over all days, the median is ${median} seconds`;
    return band(place, { labels: dayNames(figures.days), low: p50, high: p95, unit: " s", what });
  },
  histogram: (place, figures) => {
    const { title, histogram, high } = stageOf(place, figures);
    const { step, counts, above } = histogram;
    const what = `${title}: how often each wait occurred; 95 of 100 are within ${high} seconds; ${above} are beyond the chart`;
    const labels = counts.map((_, at) => `${+(at * step).toFixed(2)} s`);
    return bars(place, { labels, series: [{ name: "replies", values: counts, colour: "accent" }], what });
  },
  errors: (place, { days, providers }) => {
    const its = providers.find(({ kind, name }) => `${kind} ${name}` === place.dataset.name);
    const what = `Errors of ${its.name} a day, ${its.errors} in all`;
    return bars(place, { labels: dayNames(days), series: [{ name: "errors", values: its.errors_by_day, colour: "bad" }], what });
  },
  cost: (place, { days, costs }) => {
    const its = costs.find(({ currency }) => currency === place.dataset.currency);
    const what = `Cost a day in ${its.currency}, ${its.total} in all`;
    return bars(place, { labels: dayNames(days), series: [{ name: its.currency, values: its.by_day, colour: "accent" }], whole: false, what });
  },
};

const sum = (values) => values.reduce((together, value) => together + value, 0);
const stageOf = (place, { stages }) => stages.find(({ id }) => id === place.dataset.stage);

let undraw = [];

function drawAll(figures) {
  for (const end of undraw) end();
  undraw = [...root.querySelectorAll("[data-chart]")].map((place) => DRAW[place.dataset.chart](place, figures));
}

async function begin() {
  const answer = await fetch(root.dataset.figures, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const figures = await answer.json();
  drawAll(figures);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(figures));
}

begin().catch((error) => {
  const told = document.createElement("p");
  told.className = "notice warn";
  told.textContent = `The charts could not be drawn (${error.message}). The tables have the same figures.`;
  root.prepend(told);
});
