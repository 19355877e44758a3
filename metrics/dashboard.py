"""Writes dashboard.json, which Grafana imports, with Grafana's own SDK. `make docs` runs it."""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from grafana_foundation_sdk.builders.common import StackingConfig, VizLegendOptions, VizTooltipOptions
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.heatmap import Panel as Heatmap
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, StackingMode, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

FILE = Path(__file__).parent / "dashboard.json"
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
HALF, THIRD, SIXTH = 12, 8, 4  # of 24 columns
LINE = 'line=~"$line"'  # the lines that are chosen at the top of the page
MODEL = "{{kind}} {{provider}}/{{model}}"
STAGES = {
    "the words are there": "transcribed",
    "the turn is taken to be over": "decided",
    "the model's first word": "first_token",
    "the caller hears something": "first_audio",
}


def increase(metric: str, *by: str, where: str = "") -> str:
    """Return how much a counter of calls grows from one point of a panel to the next."""
    return f"sum by ({', '.join(by)}) (increase({metric}{{{where or LINE}}}[$__rate_interval]))"


def rate(metric: str, *by: str, where: str = "") -> str:
    """Return by how much a counter grows in a second."""
    return f"sum by ({', '.join(by)}) (rate({metric}{{{where}}}[$__rate_interval]))"


def quantile(share: float, histogram: str, *by: str, where: str = "") -> str:
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', *by, 'le', where=where)})"


def number(title: str, expression: str, unit: str = "short", *, bad: tuple[str, float] | None = None) -> Stat:
    """Make a panel with the present value; `bad` says from where on it is red: ("above", 1) or ("below", 0.1)."""
    colors = {None: ("text",), "above": ("green", "red"), "below": ("red", "green")}[bad[0] if bad else None]
    steps = [Threshold(value, color) for value, color in zip((None, bad and bad[1]), colors, strict=False)]
    return (
        Stat()
        .title(title)
        .datasource(SOURCE)
        .unit(unit)
        .span(SIXTH)
        .height(4)
        .thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .with_target(Dataquery().datasource(SOURCE).expr(expression).ref_id("A").instant())
    )


def over_time(
    title: str, description: str, queries: Mapping[str, str], unit: str = "short", width: int = HALF
) -> Timeseries:
    """Make a panel with a line for each query, or for each series of it; the legends may name labels: {{line}}."""
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True)
    panel = (
        Timeseries()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .span(width)
        .height(8)
        .min(0)
        .fill_opacity(10)
        .legend(legend)
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    for ref, (name, expression) in zip("ABCD", queries.items(), strict=False):
        panel.with_target(Dataquery().datasource(SOURCE).expr(expression).legend_format(name).ref_id(ref))
    return panel


def stacked(panel: Timeseries) -> Timeseries:
    return panel.stacking(StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(60)


def heat(title: str, histogram: str, where: str) -> Heatmap:
    query = Dataquery().datasource(SOURCE).expr(increase(f"{histogram}_bucket", "le", where=where))
    query.legend_format("{{le}}").ref_id("A").format(PromQueryFormat.HEATMAP)
    return Heatmap().title(title).datasource(SOURCE).span(HALF).height(8).with_target(query)


def of_stages(share: float) -> Timeseries:
    title = f"Each stage of a turn, p{share * 100:.0f}"
    wheres = {name: f'stage="{stage}", {LINE}' for name, stage in STAGES.items()}
    queries = {name: quantile(share, "landline_turn_seconds", where=where) for name, where in wheres.items()}
    return over_time(title, "Seconds after the caller's last sound, when …", queries, "s")


def now() -> list[Stat]:
    free = "min(landline_disk_free_bytes / landline_disk_total_bytes)"
    waiting = f'sum(landline_events_waiting{{kind!="failed", {LINE}}})'
    return [
        number("Calls in progress", f"sum(landline_calls_in_progress{{{LINE}}})"),
        number("Calls at once, at most", "max(landline_calls_at_once_limit)"),
        number("Services that do not answer", "count(up == 0) or vector(0)", bad=("above", 1)),
        number("Alerts", 'count(ALERTS{alertstate="firing"}) or vector(0)', bad=("above", 1)),
        number("Events that wait", waiting, bad=("above", 20)),
        number("Disk that is free", free, "percentunit", bad=("below", 0.1)),
    ]


def calls() -> list[Timeseries]:
    over = {
        "answered, {{came_by}}, {{direction}}": increase("landline_calls_answered_total", "came_by", "direction"),
        "turned away: {{reason}}": increase("landline_calls_rejected_total", "reason"),
    }
    ended = {"{{outcome}}": increase("landline_calls_ended_total", "outcome")}
    there = {
        "{{line}}": f"sum by (line) (landline_calls_in_progress{{{LINE}}})",
        "at most": "max(landline_calls_at_once_limit)",
    }
    lengths = {f"p{p}": quantile(p / 100, "landline_call_seconds", where=LINE) for p in (50, 95)}
    cost = {"{{line}}, {{currency}}": f"3600 * {rate('landline_cost_total', 'line', 'currency', where=LINE)}"}
    return [
        stacked(over_time("Calls that are over", "Those that were answered, and those that were turned away.", over)),
        stacked(over_time("Why calls ended", "The outcome of each call that is over.", ended)),
        over_time("Calls in progress", "By line, and how many may be at once on all of them.", there, width=THIRD),
        over_time("Length of calls", "Half of the calls are shorter than p50.", lengths, "s", THIRD),
        over_time("What calls cost", "In an hour at the present rate, as far as prices are known.", cost, width=THIRD),
    ]


def turns() -> list[Timeseries | Heatmap]:
    interruptions = {"{{line}}": increase("landline_interruptions_total", "line")}
    return [
        of_stages(0.5),
        of_stages(0.95),
        heat("Seconds until the caller hears something", "landline_turn_seconds", f'stage="first_audio", {LINE}'),
        over_time("Interruptions", "How often callers spoke while the agent did.", interruptions),
    ]


def providers() -> list[Timeseries]:
    model = ("kind", "provider", "model")
    requests, errors = (rate(f"landline_provider_{what}_total", *model) for what in ("requests", "errors"))
    usage = {"{{model}}: {{unit}}": f"60 * {rate('landline_provider_usage_total', 'model', 'unit')}"}
    seconds = {"{{kind}}": quantile(0.95, "landline_speech_request_seconds", "kind")}
    waiting = {"{{kind}}": "landline_speech_waiting"}
    return [
        over_time("Requests", "To each model, with those that fail.", {MODEL: requests}, "reqps", THIRD),
        over_time("Requests that fail", "Their share.", {MODEL: f"{errors} / {requests}"}, "percentunit", THIRD),
        over_time("Usage", "What the models read, hear, write and say in a minute.", usage, width=THIRD),
        over_time("Embedded models: who waits", "Requests; above SPEECH_QUEUE, the next one is refused.", waiting),
        over_time("Embedded models: p95", "Seconds from a request to the end of its answer.", seconds, "s"),
    ]


def services() -> list[Timeseries]:
    cpu = {"{{job}}": rate("process_cpu_seconds_total", "job")}
    memory = {"{{job}}": "sum by (job) (process_resident_memory_bytes)"}
    refused = {"{{reason}}": increase("livekit_sip_invite_error", "reason", where='dir="in"')}
    rooms = {"rooms": "sum(livekit_room_total)", "participants": "sum(livekit_participant_total)"}
    answers = {"{{page}} {{status}}": rate("landline_desk_requests_total", "page", "status")}
    pages = {"{{page}}": quantile(0.95, "landline_desk_request_seconds", "page")}
    sip = {"{{dir}}": "sum by (dir) (livekit_sip_calls_active)"}
    return [
        over_time("Services that answer", "1: it answers Prometheus; 0: it does not.", {"{{job}}": "up"}, width=THIRD),
        over_time("CPU", "Cores that each service's main process uses, without those of calls.", cpu, width=THIRD),
        over_time("Memory", "What each service's main process holds, without those of calls.", memory, "bytes", THIRD),
        over_time("The gateway's calls", "As the SIP gateway counts them.", sip, width=THIRD),
        stacked(over_time("Calls that the gateway refuses", "By the reason that it gives.", refused, width=THIRD)),
        over_time("Rooms, and who is in them", "As the media server counts them.", rooms, width=THIRD),
        over_time("The desk's answers", "By page and status.", answers, "reqps"),
        over_time("The desk's answers, p95", "Seconds until an answer begins.", pages, "s"),
    ]


def new_dashboard() -> Dashboard:
    """Build the dashboard, a row for each subject."""
    lines = "label_values(landline_calls_in_progress, line)"
    dashboard = (
        Dashboard("Landline")
        .uid("landline")
        .description("Calls, how fast they are answered, what they cost, and the services behind them.")
        .tags(["landline"])
        .time("now-24h", "now")
        .refresh("1m")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("source").label("Prometheus").type("prometheus"))
        .with_variable(
            QueryVariable("line")
            .label("Line")
            .datasource(SOURCE)
            .query(lines)
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value(".*")
        )
    )
    rows: dict[str, Sequence[Stat | Timeseries | Heatmap]] = {
        "Now": now(),
        "Calls": calls(),
        "How fast the line answers": turns(),
        "Who hears, thinks and speaks": providers(),
        "Services": services(),
    }
    ids = count(1)
    for title, panels in rows.items():
        dashboard.with_row(Row(title).id(next(ids)))
        for panel in panels:
            dashboard.with_panel(panel.id(next(ids)))
    return dashboard


def as_text() -> str:
    """Return what dashboard.json has to be."""
    return JSONEncoder(sort_keys=True, indent=2).encode(new_dashboard().build()) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(), encoding="utf-8")
