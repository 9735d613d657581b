"""The durable extension's HTTP API has the status codes, headers and JSON of the real one."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.tools.local_host.running import MANAGEMENT, RunningHost, eventually

INSTANCES = f"{MANAGEMENT}/instances"
ENDED_OPERATIONS = ["terminate", "suspend", "resume", "raiseEvent/go", "rewind"]


@pytest.fixture
def waiting(host: RunningHost, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The links of an instance that waits for the event ``go``."""
    links = host.start("waits", {"given": 1}, instance_id=f"waiting-{request.node.name}")
    eventually(lambda: host.client.get(links["statusQueryGetUri"]).json()["runtimeStatus"] == "Running")
    yield links
    host.client.post(links["terminatePostUri"])


def _url(links: dict[str, str], name: str, **parts: str) -> str:
    url = links[name]
    for key, value in parts.items():
        url = url.replace(f"{{{key}}}", value)
    return url


def test_a_running_instance_returns_202_with_its_location(host: RunningHost, waiting: dict[str, str]) -> None:
    response = host.client.get(waiting["statusQueryGetUri"])
    assert response.status_code == 202
    assert response.headers["location"] == waiting["statusQueryGetUri"]
    assert response.headers["retry-after"] == "5"
    body = response.json()
    assert list(body) == [
        "name",
        "instanceId",
        "runtimeStatus",
        "input",
        "customStatus",
        "output",
        "createdTime",
        "lastUpdatedTime",
    ]
    assert (body["name"], body["input"], body["output"]) == ("waits", {"given": 1}, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["createdTime"])


def test_the_check_status_response_points_at_the_instance(host: RunningHost) -> None:
    response = host.client.post("/v1/start/doubler", content="1", params={"id": "links/with slash"})
    assert response.status_code == 202
    assert response.headers["location"] == response.json()["statusQueryGetUri"]
    assert response.json()["statusQueryGetUri"].startswith(f"{host.origin}{INSTANCES}/links%2Fwith%20slash?")


def test_the_input_can_be_left_out(host: RunningHost, waiting: dict[str, str]) -> None:
    assert host.client.get(waiting["statusQueryGetUri"] + "&showInput=false").json()["input"] is None


def test_history_is_shown_on_demand_with_and_without_outputs(host: RunningHost) -> None:
    links = host.start("doubler", 4)
    host.ended(links)
    url = links["statusQueryGetUri"] + "&showHistory=true"
    events = host.client.get(url).json()["historyEvents"]
    kinds = [event["EventType"] for event in events]
    assert kinds == ["ExecutionStarted", "TimerCreated", "TimerFired", "ExecutionCompleted"]
    assert all(event["Timestamp"].startswith(str(datetime.now(UTC).year)) for event in events)
    assert "Result" not in events[-1]
    shown = host.client.get(url + "&showHistoryOutput=true").json()["historyEvents"]
    assert shown[-1]["Result"] == 8


def test_an_unknown_instance_is_404_everywhere(host: RunningHost) -> None:
    unknown = f"{INSTANCES}/unknown"
    assert host.client.get(unknown).status_code == 404
    assert host.client.delete(unknown).status_code == 404
    for operation in ENDED_OPERATIONS:
        assert host.client.post(f"{unknown}/{operation}").status_code == 404
    assert host.client.post(f"{unknown}/restart").status_code == 400


@pytest.mark.parametrize("operation", ENDED_OPERATIONS)
def test_an_ended_instance_is_410(host: RunningHost, operation: str) -> None:
    links = host.start("doubler", 1)
    ended = host.ended(links)
    assert host.client.post(f"{INSTANCES}/{ended['instanceId']}/{operation}").status_code == 410


def test_terminate_ends_with_the_reason_as_output(host: RunningHost, waiting: dict[str, str]) -> None:
    assert host.client.post(_url(waiting, "terminatePostUri", text="enough")).status_code == 202
    ended = host.ended(waiting)
    assert (ended["runtimeStatus"], ended["output"]) == ("Terminated", "enough")


def test_a_suspended_instance_keeps_events_until_it_is_resumed(host: RunningHost, waiting: dict[str, str]) -> None:
    def status() -> str:
        return str(host.client.get(waiting["statusQueryGetUri"]).json()["runtimeStatus"])

    assert host.client.post(_url(waiting, "suspendPostUri", text="hold")).status_code == 202
    eventually(lambda: status() == "Suspended")
    assert host.client.post(_url(waiting, "sendEventPostUri", eventName="go"), json="now").status_code == 202
    assert status() == "Suspended"
    assert host.client.post(_url(waiting, "resumePostUri", text="on")).status_code == 202
    assert host.ended(waiting)["output"] == "now"


def test_suspend_and_resume_right_after_each_other_leave_it_running(host: RunningHost, waiting: dict[str, str]) -> None:
    for _ in range(5):
        host.client.post(waiting["suspendPostUri"])
        host.client.post(waiting["resumePostUri"])
    host.client.post(_url(waiting, "sendEventPostUri", eventName="go"), json="still here")
    assert host.ended(waiting)["output"] == "still here"


def test_an_event_must_be_json(host: RunningHost, waiting: dict[str, str]) -> None:
    url = _url(waiting, "sendEventPostUri", eventName="go")
    assert host.client.post(url, content="{no").status_code == 400


def test_purging_deletes_only_ended_instances(host: RunningHost, waiting: dict[str, str]) -> None:
    assert host.client.delete(waiting["purgeHistoryDeleteUri"]).json() == {"instancesDeleted": 0}
    links = host.start("doubler", 1)
    host.ended(links)
    assert host.client.delete(links["purgeHistoryDeleteUri"]).json() == {"instancesDeleted": 1}
    assert host.client.get(links["statusQueryGetUri"]).status_code == 404


def test_purging_by_filter_needs_a_start_and_takes_statuses(host: RunningHost) -> None:
    links = host.start("fails")
    host.ended(links)
    assert host.client.delete(INSTANCES).status_code == 400
    long_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    before_all = {"createdTimeFrom": long_ago, "createdTimeTo": long_ago}
    assert host.client.delete(INSTANCES, params=before_all).status_code == 404
    failed = {"createdTimeFrom": long_ago, "runtimeStatus": "Failed"}
    assert host.client.delete(INSTANCES, params=failed).json()["instancesDeleted"] >= 1
    assert host.client.get(links["statusQueryGetUri"]).status_code == 404


def test_rewinding_a_failed_instance_runs_it_again(host: RunningHost) -> None:
    links = host.start("fails")
    host.ended(links)
    assert host.client.post(_url(links, "rewindPostUri", text="once more")).status_code == 202
    assert host.ended(links)["runtimeStatus"] == "Failed"


def test_restarting_creates_a_new_id_or_reuses_the_id(host: RunningHost) -> None:
    links = host.start("doubler", 3)
    first = host.ended(links)
    response = host.client.post(links["restartPostUri"])
    assert response.status_code == 202
    again = host.ended(response.json())
    assert again["output"] == 6
    assert again["instanceId"] != first["instanceId"]
    same = host.client.post(links["restartPostUri"] + "&restartWithNewInstanceId=false").json()
    assert same["id"] == first["instanceId"]
    assert host.ended(same)["output"] == 6


def test_an_orchestration_can_be_started_over_the_api(host: RunningHost) -> None:
    response = host.client.post(f"{MANAGEMENT}/orchestrators/doubler/by-api", json=10)
    assert response.status_code == 202
    assert response.json()["id"] == "by-api"
    assert host.ended(response.json())["output"] == 20
    unnamed = host.client.post(f"{MANAGEMENT}/orchestrators/doubler", json=1).json()
    assert host.ended(unnamed)["output"] == 2


def test_starting_over_the_api_refuses_invalid_requests(host: RunningHost, waiting: dict[str, str]) -> None:
    start = f"{MANAGEMENT}/orchestrators"
    assert host.client.post(f"{start}/nobody").status_code == 400
    assert host.client.post(f"{start}/doubler", content="{no").status_code == 400
    assert host.client.post(f"{start}/waits/{waiting['id']}").status_code == 409


def test_instances_are_listed_by_prefix_status_and_time(host: RunningHost) -> None:
    began = datetime.now(UTC)
    for number in range(3):
        host.ended(host.start("doubler", number, instance_id=f"listed-{number}"))
    running = host.start("waits", instance_id="listed-running")

    def ids(**parameters: str) -> list[str]:
        query = {"instanceIdPrefix": "listed-", **parameters}
        return [item["instanceId"] for item in host.client.get(INSTANCES, params=query).json()]

    assert ids() == ["listed-0", "listed-1", "listed-2", "listed-running"]
    assert ids(runtimeStatus="Completed,Failed") == ["listed-0", "listed-1", "listed-2"]
    eventually(lambda: ids(runtimeStatus="Running") == ["listed-running"])
    assert ids(createdTimeTo=began.isoformat()) == []
    assert len(ids(createdTimeFrom=began.isoformat())) == 4
    host.client.post(running["terminatePostUri"])


def test_a_long_list_comes_in_pages(host: RunningHost) -> None:
    for number in range(3):
        host.ended(host.start("doubler", number, instance_id=f"paged-{number}"))
    query = {"instanceIdPrefix": "paged-", "top": "2"}
    first = host.client.get(INSTANCES, params=query)
    token = first.headers["x-ms-continuation-token"]
    second = host.client.get(INSTANCES, params=query, headers={"x-ms-continuation-token": token})
    assert [item["instanceId"] for item in first.json() + second.json()] == ["paged-0", "paged-1", "paged-2"]
    assert second.headers["x-ms-continuation-token"] == ""
    assert first.json()[0]["input"] is None
    shown = host.client.get(INSTANCES, params={**query, "showInput": "true"})
    assert shown.json()[1]["input"] == 1


def test_numbers_that_json_does_not_have_are_texts_in_lists_and_histories(host: RunningHost) -> None:
    links = host.start("returns", [float("nan"), float("inf"), 1.5])
    status = host.ended(links)
    assert status["output"] == ["NaN", "Infinity", 1.5]
    listed = host.client.get(INSTANCES, params={"instanceIdPrefix": links["id"], "showInput": "true"})
    assert listed.json()[0]["input"] == ["NaN", "Infinity", 1.5]
    history = host.client.get(_url(links, "statusQueryGetUri", showHistory="true", showHistoryOutput="true"))
    assert history.status_code == 200
    assert '"NaN"' in history.text
