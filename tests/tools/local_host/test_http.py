"""HTTP functions behave as in the host of Azure."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.tools.local_host.running import RunningHost, eventually


def test_a_function_sees_the_whole_request(host: RunningHost) -> None:
    response = host.client.post("/v1/echo/Ada%20L/7?q=1&q=2&empty=", content="body", headers={"X-Test": "header"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "method": "POST",
        "url": f"{host.origin}/v1/echo/Ada%20L/7?q=1&q=2&empty=",
        "query": {"q": "1,2", "empty": ""},
        "route": {"name": "Ada L", "number": "7"},
        "header": "header",
        "body": "body",
    }


def test_an_optional_parameter_may_be_left_out(host: RunningHost) -> None:
    assert host.client.get("/v1/echo/Ada").json()["route"] == {"name": "Ada"}


def test_a_literal_segment_wins_over_a_parameter_whatever_its_case(host: RunningHost) -> None:
    assert host.client.get("/v1/echo/fixed").json() == "fixed"
    assert host.client.get("/V1/Echo/FIXED").json() == "fixed"


def test_a_method_missing_in_the_literal_route_uses_the_parameter_route(host: RunningHost) -> None:
    assert host.client.post("/v1/echo/fixed").json()["route"] == {"name": "fixed"}


def test_a_catch_all_takes_the_rest_of_the_path(host: RunningHost) -> None:
    assert host.client.get("/v1/files/a/b/c").json() == "a/b/c"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/echo/Ada", "/v1/echo/Ada/seven"])
def test_an_unknown_path_is_404(host: RunningHost, path: str) -> None:
    assert host.client.get(path).status_code == 404


def test_an_unsupported_method_is_404(host: RunningHost) -> None:
    assert host.client.delete("/v1/echo/Ada").status_code == 404


def test_head_has_the_headers_but_no_body(host: RunningHost) -> None:
    response = host.client.head("/v1/echo/Ada")
    assert response.status_code == 200
    assert int(response.headers["content-length"]) > 0
    assert response.content == b""


def test_a_returned_string_is_plain_text(host: RunningHost) -> None:
    response = host.client.get("/v1/plain")
    assert (response.text, response.headers["content-type"]) == ("plain text", "text/plain; charset=utf-8")


def test_a_blueprint_is_served(host: RunningHost) -> None:
    assert host.client.get("/v1/from-blueprint").text == "blue"


def test_headers_and_cookies_reach_the_caller(host: RunningHost) -> None:
    response = host.client.get("/v1/cookies")
    assert response.status_code == 204
    assert response.headers["x-own"] == "yes"
    assert response.cookies["a"] == "1"


def test_an_unhandled_exception_is_500_with_the_traceback_in_the_log_only(host: RunningHost) -> None:
    response = host.client.get("/v1/boom")
    assert (response.status_code, response.content) == (500, b"")
    eventually(lambda: "ValueError: boom in HTTP" in host.log)


def test_synchronous_functions_run_at_the_same_time(host: RunningHost) -> None:
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: host.client.get("/v1/together"), range(4)))
    assert [response.text for response in responses] == ['"met"'] * 4


@pytest.mark.parametrize(("name", "value"), [("FROM_FILE", "file"), ("FROM_BOTH", "environment")])
def test_environment_variables_override_the_settings_file(host: RunningHost, name: str, value: str) -> None:
    assert host.client.get(f"/v1/settings/{name}").json() == value


def test_the_start_lists_functions_with_their_addresses(host: RunningHost) -> None:
    assert f"echo: [GET,POST] {host.origin}/v1/echo/{{name}}/{{number:int?}}" in host.log
    assert "tick: timerTrigger" in host.log
    assert "greet: activityTrigger" in host.log
