"""The Grafana dashboard is what Grafana's own SDK makes of metrics/dashboard.py."""

from __future__ import annotations

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from metrics.dashboard import FILE, as_text

TEXT = FILE.read_text(encoding="utf-8")
PANELS: list[dict[str, Any]] = json.loads(TEXT)["panels"]


def test_the_file_is_what_the_program_writes() -> None:
    assert as_text() == TEXT, "metrics/dashboard.json is old: run make docs"


def test_grafanas_schema_knows_all_that_is_in_it() -> None:
    """What the SDK's model does not know, it leaves out."""
    register_default_plugins()
    read = Dashboard.from_json(json.loads(TEXT))
    assert json.loads(JSONEncoder().encode(read)) == json.loads(TEXT)


def test_every_panel_has_a_title_an_id_and_a_place_of_its_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(panel["title"] for panel in PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_every_graph_says_what_it_shows_and_where_its_data_comes_from() -> None:
    graphs = [panel for panel in PANELS if panel["type"] == "timeseries"]
    assert len(graphs) > 15
    assert all(panel["description"] for panel in graphs)
    for panel in PANELS:
        for target in panel.get("targets", []):
            assert target["datasource"] == {"type": "prometheus", "uid": "${source}"}
