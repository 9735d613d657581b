"""Orchestrations, activities and entities run as on a durable backend in Azure."""

import pytest

from tests.tools.local_host.running import MANAGEMENT, RunningHost, eventually


def test_activity_sub_orchestration_event_and_timer_work_together(host: RunningHost) -> None:
    links = host.start("everything", instance_id="everything-1")
    status = eventually(
        lambda: host.client.get(links["statusQueryGetUri"]).json(),
        lambda status: status["customStatus"] == {"step": "event"},
    )
    assert status["runtimeStatus"] == "Running"
    event_url = links["sendEventPostUri"].replace("{eventName}", "Approval")
    assert host.client.post(event_url, json="yes").status_code == 202
    ended = host.ended(links)
    assert ended["runtimeStatus"] == "Completed"
    assert ended["output"] == {"greeting": "Hello Ada", "doubled": 42, "approved": "yes"}
    assert ended["customStatus"] == {"step": "done"}


def test_an_orchestration_keeps_the_default_version_that_it_was_begun_with(host: RunningHost) -> None:
    assert host.ended(host.start("versions", 1))["output"] == ["1.2", "1.2"]


def test_a_failing_activity_shows_in_the_status(host: RunningHost) -> None:
    links = host.start("fails")
    ended = host.ended(links)
    assert ended["runtimeStatus"] == "Failed"
    assert "no luck: because" in ended["output"]
    asked = links["statusQueryGetUri"] + "&showHistory=true&returnInternalServerErrorOnFailure=true"
    response = host.client.get(asked)
    assert response.status_code == 500
    (failed,) = [event for event in response.json()["historyEvents"] if event["EventType"] == "TaskFailed"]
    assert failed["FunctionName"] == "explode"
    assert failed["FailureDetails"]["ErrorType"] == "LookupError"
    assert failed["FailureDetails"]["ErrorMessage"] == "no luck: because"
    assert "in explode" in failed["FailureDetails"]["StackTrace"]


def test_an_event_raised_before_the_wait_is_kept(host: RunningHost) -> None:
    links = host.start("waits", instance_id="early")
    host.client.post(links["sendEventPostUri"].replace("{eventName}", "go"), json={"early": True})
    assert host.ended(links)["output"] == {"early": True}


def test_events_wait_across_continue_as_new(host: RunningHost) -> None:
    links = host.start("collects", [])
    for number in (1, 2, 3):
        host.client.post(links["sendEventPostUri"].replace("{eventName}", "number"), json=number)
    assert host.ended(links)["output"] == [1, 2, 3]


def test_an_activity_is_retried_as_its_policy_says(host: RunningHost) -> None:
    assert host.ended(host.start("retries", "a key"))["output"] == 3


def test_pending_work_of_an_earlier_execution_does_not_reach_the_next(host: RunningHost) -> None:
    links = host.start("laps", 1)
    host.client.post(links["sendEventPostUri"].replace("{eventName}", "next"))
    assert host.ended(links)["output"] >= 1.1


def test_a_synchronous_client_starts_and_waits(host: RunningHost) -> None:
    assert host.client.post("/v1/start-sync/doubler/sync-1", params={"input": "ab"}).json() == "abab"


def test_an_activity_may_use_a_durable_client(host: RunningHost) -> None:
    waiting = host.start("waits", instance_id="to-be-nudged")
    assert host.ended(host.start("nudges", "to-be-nudged"))["output"] == "ok"
    assert host.ended(waiting)["output"] == "nudged"


def test_a_running_instance_cannot_be_started_again_but_an_ended_one_can(host: RunningHost) -> None:
    links = host.start("waits", instance_id="again")
    refused = host.client.post("/v1/start-sync/doubler/again", params={"input": "x"})
    assert refused.status_code == 409
    host.client.post(links["sendEventPostUri"].replace("{eventName}", "go"), json=1)
    assert host.ended(links)["output"] == 1
    assert host.client.post("/v1/start-sync/doubler/again", params={"input": "x"}).json() == "xx"


def test_the_end_of_a_sub_orchestration_reaches_its_parent_however_it_ends(host: RunningHost) -> None:
    parent = host.start("parent_of", "child-1")
    child = f"{MANAGEMENT}/instances/child-1"
    eventually(lambda: host.client.get(child).status_code == 202)
    host.client.post(f"{child}/terminate", params={"reason": "enough"})
    assert host.ended(parent)["runtimeStatus"] == "Failed"


def test_a_sub_orchestration_knows_its_parent(host: RunningHost) -> None:
    links = host.start("asks", instance_id="the-one-who-asks")
    assert host.ended(links)["output"] == "the-one-who-asks"


def test_many_sub_orchestrations_are_awaited_together(host: RunningHost) -> None:
    size = 60
    assert host.ended(host.start("fan", size))["output"] == sum(range(size)) + 3 * size


def test_an_unknown_orchestrator_fails_with_its_name(host: RunningHost) -> None:
    ended = host.ended(host.start("nobody"))
    assert ended["runtimeStatus"] == "Failed"
    assert "'nobody'" in ended["output"]


def test_entities_are_called_signalled_and_read(host: RunningHost) -> None:
    entity = f"{MANAGEMENT}/entities/counter"
    assert host.ended(host.start("counts"))["output"] == 5
    assert host.client.get(f"{entity}/shared").json() == 5
    assert host.client.post(f"{entity}/shared", params={"op": "add"}, content="7").status_code == 202
    eventually(lambda: host.client.get(f"{entity}/shared").json() == 12)
    host.client.post(f"{entity}/shared", params={"op": "explode"})
    host.client.post(f"{entity}/shared", params={"op": "add"}, content="1")
    eventually(lambda: host.client.get(f"{entity}/shared").json() == 13)


def test_entities_are_listed(host: RunningHost) -> None:
    entity = f"{MANAGEMENT}/entities/counter"
    for key in ("listed-1", "listed-2"):
        host.client.post(f"{entity}/{key}", params={"op": "add"}, content="2")

    def with_state() -> set[str]:
        listed = host.client.get(entity, params={"fetchState": "true"}).json()
        return {item["entityId"]["key"] for item in listed if item.get("state") == 2}

    eventually(with_state, {"listed-1", "listed-2"}.issubset)  # an entity is there before its first operation has run
    first = host.client.get(entity, params={"top": "1"})
    rest = host.client.get(entity, headers={"x-ms-continuation-token": first.headers["x-ms-continuation-token"]})
    assert len(first.json()) == 1
    assert first.json()[0] not in rest.json()
    assert host.client.get(f"{entity}/nobody").status_code == 404


@pytest.mark.parametrize("name", ["everything", "doubler"])
def test_names_in_the_listing_do_not_depend_on_the_trigger(host: RunningHost, name: str) -> None:
    assert f"{name}: orchestrationTrigger" in host.log
