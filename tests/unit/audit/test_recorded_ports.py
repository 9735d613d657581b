"""Destructive calls to Azure are in the record before they leave; without a record they are not made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from shared.audit.about import asker_of_rollout, asker_of_task
from shared.audit.recorded_ports import DESTRUCTIVE, with_recorded_calls
from shared.core.asking import About, Asker, asker, asking
from shared.core.errors import AzureBusy, AzureConflict
from shared.models.audit import AuditEntry
from shared.models.tasks import Task
from tests.fixtures.app import App, office, update

CALLS = [(port, method) for port, methods in DESTRUCTIVE.items() for method in methods]
EVERY = pytest.mark.parametrize(("port", "method"), CALLS, ids=[f"{port}.{method}" for port, method in CALLS])
VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-0"
BUSY = AzureBusy("table Audit", 503, "ServerBusy", "later")


class Port:
    """Notes its calls, and how many entries the record had before each."""

    def __init__(self, app: App, error: Exception | None = None) -> None:
        self.app, self.error, self.seen = app, error, list[int]()

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> str:
            self.seen.append(len(self.app.tables.audit.every_row()))
            if self.error:
                raise self.error
            return "answer"

        return call


def called(app: App, port: str, method: str, fake: Port) -> Any:
    services = with_recorded_calls(replace(app.services, **{port: fake}))  # type: ignore[arg-type]
    with asking(Asker(id="id-1", name="ann", correlation="c-1", about=About(("contoso",), "office", "win11", "r-1"))):
        return getattr(getattr(services, port), method)(VM, version="2.0.0", admin_password=SecretStr("made-up"))


def entries(app: App) -> list[AuditEntry]:
    return list(reversed(app.tables.audit.every_row()))


@EVERY
def test_the_intent_is_stored_before_the_call_and_the_outcome_after(port: str, method: str) -> None:
    app = office()
    fake = Port(app)
    assert called(app, port, method, fake) == "answer"
    intent, outcome = entries(app)
    assert fake.seen == [1]
    assert (intent.kind, outcome.kind, outcome.detail) == ("intent", "outcome", "accepted")
    for entry in (intent, outcome):
        assert (entry.who, entry.caller, entry.correlation) == ("ann", "id-1", "c-1")
        assert (entry.action, entry.subject) == (DESTRUCTIVE[port][method], "vm-0")
        assert (entry.accounts, entry.pool, entry.image, entry.rollout) == (("contoso",), "office", "win11", "r-1")
    assert VM in intent.asked
    assert "made-up" not in str(entries(app))


@EVERY
def test_a_call_that_cannot_be_recorded_is_not_made(port: str, method: str) -> None:
    app = office()
    app.tables.audit.failures["add"] = [BUSY]
    fake = Port(app)
    with pytest.raises(AzureBusy):
        called(app, port, method, fake)
    assert fake.seen == []


def test_a_refusal_is_an_outcome() -> None:
    app = office()
    with pytest.raises(AzureConflict):
        called(app, "vms", "start_delete", Port(app, AzureConflict("delete", 409, "Locked", "there is a lock")))
    outcome = entries(app)[-1]
    assert (outcome.status, outcome.detail) == (409, "Locked: there is a lock")


def test_every_method_of_the_ports_that_destroys_is_known() -> None:
    words = ("reimage", "swap", "delete", "removal", "remove", "deallocate", "sign_out", "generalize")
    app = office()
    found = {
        (port, name)
        for port in DESTRUCTIVE
        for name in dir(type(getattr(app.services, port)._port))
        if any(word in name for word in words) and not name.startswith("_")
    }
    assert found == set(CALLS)


def test_calls_of_host_and_task_steps_name_the_caller_who_asked_for_the_work() -> None:
    app = office()
    rollout_id = update(app, None, **{"x-dev-name": "ann"}).json["id"]
    rollout = app.rollout(rollout_id)
    task = Task.model_construct(
        id="t-1", requested_by="ann", requester="development:ann", accounts=("*",), image="win11"
    )
    services = with_recorded_calls(replace(app.services, vms=Port(app)))  # type: ignore[arg-type]
    for work in (asker_of_rollout(rollout), asker_of_task(task)):
        with asking(work):
            assert asker().id == ""  # it is Freshcoat that works: nobody's rights come from this
            services.vms.start_reimage(VM)
    found = app.send("GET", "/api/audit?who=development:ann&action=re-image VM").json["items"]
    assert [(one["who"], one["caller"]) for one in found] == [("ann", "development:ann")] * 4
