"""A session that cannot be signed out: the host says whose it is, what Azure answered, and what to do."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureForbidden
from shared.core.states import HostState
from shared.models.azure import SessionHost, UserSession
from shared.models.policy import ScheduleMode
from shared.planning.people.sign_outs import UNKNOWN_SESSION, not_signed_out
from tests.fixtures.scenarios.rollouts import RolloutEnvironment, office
from tests.fixtures.texts import check_texts
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of


def session_host(name: str, sessions: int, status: str = "Available") -> SessionHost:
    return SessionHost(name=name, vm_id=f"/vm/{name}", accepting=False, sessions=sessions, status=status)


def session(host: str, user: str, session_id: str) -> UserSession:
    return UserSession(id=session_id, host=host, user=user, state="Active")


def failed(env: RolloutEnvironment) -> str:
    """What the first host says at its end."""
    env.publish(ScheduleMode.NOW, policy={"max_failed": 9})
    env.run_to_minute(120)
    row = env.rows["host-01"]
    assert row.state is HostState.FAILED
    return row.error


def stuck(users: int = 1) -> RolloutEnvironment:
    env = office(users)
    env.world.stuck_sessions |= {one.id for one in env.world.sessions[HOST_POOL_ID.lower()]}
    return env


def test_a_session_that_stays_is_named_with_its_user() -> None:
    env = stuck()
    (one,) = env.world.sessions[HOST_POOL_ID.lower()]
    text = failed(env)
    assert text.startswith(f"1 session could not be signed out: user0 (session {one.id}).")
    assert "accepted the sign-out" in text and "restart" in text


def test_at_most_three_users_are_named() -> None:
    text = failed(stuck(5))
    assert text.startswith("5 sessions could not be signed out: user0")
    assert "user2" in text and "user3" not in text and "2 more" in text


def test_the_answer_of_azure_is_quoted() -> None:
    env = office(1)
    env.world.fail("sign_out", AzureForbidden("sign out", 403, "AuthorizationFailed", "no right"), times=10**9)
    text = failed(env)
    assert "Azure refused: “AuthorizationFailed: no right”." in text
    assert "retry" in text


@pytest.mark.parametrize("status", ["Unavailable", "Shutdown"])
def test_a_host_that_is_off_is_to_be_started(status: str) -> None:
    env = stuck()
    env.at(1, lambda: env.world.change_host(vm_id_of("host-01"), status=status))
    text = failed(env)
    assert f"The host is {status}" in text and "start it" in text


def test_a_session_that_the_broker_does_not_know_is_told_as_such() -> None:
    seen = session_host("h1", sessions=1)
    told = not_signed_out(seen, [session("h1", "ann", "7")], {"7": UNKNOWN_SESSION})
    assert "ann (session 7)" in told.text and "does not find the session" in told.text


def test_sessions_that_are_counted_but_not_listed_are_told_as_such() -> None:
    told = not_signed_out(session_host("h1", sessions=2), [], {})
    assert "counts 2 sessions but lists none" in told.text
    assert (told.code, told.count) == ("not_signed_out", 2)


@pytest.mark.parametrize("answer", ["", UNKNOWN_SESSION, "AuthorizationFailed: " + "no right " * 40])
@pytest.mark.parametrize("status", ["Available", "Unavailable"])
def test_every_text_can_be_shown(answer: str, status: str) -> None:
    seen = session_host("h1", sessions=4, status=status)
    users = [session("h1", f"user{number}@contoso.com", str(number)) for number in range(4)]
    check_texts(not_signed_out(seen, users, dict.fromkeys("0123", answer)).model_dump())
