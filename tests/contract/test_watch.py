"""What the watcher and the other rooms have to agree on, since no room imports another."""

from __future__ import annotations

import re

import yaml

from agent.conversation import apart, leg, participants
from agent.worker import http, jobs_endpoint, orphaned_calls
from bootstrap import last_up
from bootstrap.watch import agent, callers, findings, rounds
from desk.health import findings as desk_findings
from tests.support.house import ROOT, compose_file

SERVICES = compose_file()["services"]
WATCH = SERVICES["watch"]


def test_the_watcher_and_the_agent_mean_the_same_by_the_attributes_of_phones() -> None:
    assert (callers.LEG, callers.JOINED) == (leg.LEG, apart.JOINED)


def test_the_watcher_and_the_agent_mean_the_same_by_a_browser_and_an_operator() -> None:
    theirs = (participants.BROWSER, participants.CALLER, participants.BY_BROWSER)
    assert theirs == (callers.BROWSER, callers.CALLER, callers.BY_BROWSER)
    theirs = (participants.OPERATORS, participants.OPERATOR, participants.TALKS)
    assert theirs == (callers.OPERATORS, callers.OPERATOR, callers.TALKS)


def test_the_watcher_asks_the_agent_where_it_answers() -> None:
    assert WATCH["environment"]["AGENT_URL"] == f"http://agent:{http.PORT}"
    assert agent.PATH == jobs_endpoint.PATH
    assert agent.SILENT_FOR > 2 * jobs_endpoint.EVERY


def test_the_agent_has_hung_up_on_the_caller_of_a_process_that_died_before_the_watcher_would() -> None:
    assert agent.LOST_AFTER > 2 * (orphaned_calls.LOOKED_EVERY + orphaned_calls.TALKS_WATCHED_EVERY)


def test_the_watcher_is_a_service_of_its_own_which_comes_last_and_changes_nothing_on_its_disk() -> None:
    assert WATCH["image"] == SERVICES["bootstrap"]["image"]
    assert WATCH["command"] == ["watch"]
    assert WATCH["depends_on"]["agent"] == {"condition": "service_healthy"}
    assert not [name for name, service in SERVICES.items() if "watch" in service.get("depends_on", {})]
    assert WATCH["volumes"] == [f"made:{last_up.FOLDER}:ro"]
    assert f"made:{last_up.FOLDER}" in SERVICES["bootstrap"]["volumes"]
    assert (
        f"install --directory --owner=10001 --mode=700 {last_up.FOLDER}" in (ROOT / "bootstrap/Dockerfile").read_text()
    )


def test_the_watcher_has_the_settings_of_bootstrap_and_only_the_secrets_that_it_uses() -> None:
    assert set(WATCH["environment"]) == set(SERVICES["bootstrap"]["environment"]) | {"AGENT_URL"}
    assert WATCH["environment"]["ENV_CHECKSUMS"] == ""  # else the secrets that it does not have would seem changed
    unused = {"provider_keys", "line_secrets"}
    assert set(WATCH["secrets"]) == set(SERVICES["bootstrap"]["secrets"]) - unused


def test_the_health_check_looks_at_the_file_that_each_round_touches() -> None:
    [found] = re.findall(r"find (\S+) -mmin -1", WATCH["healthcheck"]["test"])
    assert found == str(rounds.ALIVE)


def test_with_the_hosts_network_the_watcher_finds_the_server_as_the_agent_does() -> None:
    override = yaml.safe_load((ROOT / "livekit/host-network.yaml").read_text().replace("!reset", ""))["services"]
    assert override["watch"] == override["agent"]


def test_the_desk_asks_the_watcher_and_the_agent_where_they_answer() -> None:
    desk = SERVICES["desk"]["environment"]
    assert desk["WATCH_URL"] == f"http://watch:{findings.PORT}"
    assert desk_findings.PATH == findings.PATH
    assert desk_findings.JOBS == jobs_endpoint.PATH
    assert findings.PORT != http.PORT


def test_the_desk_is_told_the_image_of_every_service_that_stays_up() -> None:
    told = {name: image for name, image in SERVICES["desk"]["environment"].items() if name.startswith("IMAGE_OF_")}
    stays = {name: service["image"] for name, service in SERVICES.items() if not service.get("profiles")}
    del stays["watch"]  # bootstrap's, which is among them
    assert told == {f"IMAGE_OF_{name.upper()}": image for name, image in stays.items()}
