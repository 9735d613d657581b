"""What is asked of the app while something is followed: as little as can be."""

from __future__ import annotations

from typing import Any

import pytest

from freshcoat_cli.watch.reads import Params, Reader
from freshcoat_cli.watch.sight import Json
from tests.cli.watch.samples import COUNTS, ID, NOW, event, host, rollout, task


class App:
    """Answers, and remembers what it was asked for."""

    def __init__(self, **bodies: Json) -> None:
        self.bodies = bodies
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, path: str, params: Params, etag: str) -> tuple[Json | None, str]:
        name = path.removeprefix(f"/rollouts/{ID}").strip("/") or "view"
        self.asked.append((name, dict(params)))
        body = self.bodies[name]
        tag = str(hash(repr(body)))
        return (None if tag == etag else body), tag

    def names(self) -> list[str]:
        """What was asked for since the last call."""
        asked, self.asked = [name for name, _ in self.asked], []
        return asked


def page(*items: Json, continuation: str | None = None, mark: str = "m1") -> Json:
    return {"items": list(items), "continuation": continuation, "mark": mark}


def reader(app: App, **options: Any) -> Reader:
    return Reader(app, f"/rollouts/{ID}", lambda: NOW, **options)


def test_without_news_one_request_is_enough() -> None:
    app = App(view=rollout(), hosts=page(host("a", "failed")), events=page(event("e1", "begun")))
    reads = reader(app, lines=10)
    first = reads.read()
    assert [one["host"] for one in first.hosts][:1] == ["a.contoso.local"]
    app.names()
    again = reads.read()
    assert app.names() == ["view"]
    assert again.view == first.view
    assert again.hosts == first.hosts, "the screen keeps its hosts"
    assert again.events == ()


def test_the_screen_asks_for_no_more_hosts_than_it_has_lines_and_failed_ones_first() -> None:
    app = App(view=rollout(), hosts=page(host("a", "failed")), events=page())
    reader(app, lines=3).read()
    asked = [params for name, params in app.asked if name == "hosts"]
    assert [(params["state"].split(",")[0], params["limit"]) for params in asked] == [
        *(("failed", 3), ("verifying", 2), ("waiting_for_logoff", 1))
    ]


def test_hosts_are_read_again_only_when_their_mark_has_changed() -> None:
    app = App(view=rollout(), hosts=page(host("a", "failed")), events=page())
    reads = reader(app, lines=3)
    reads.read()
    app.names()
    app.bodies["view"] = rollout(percent=66)
    reads.read()
    assert app.names() == ["view", "events"]
    app.bodies["view"] = rollout(percent=67, mark="m2", counts={"failed": 1})
    reads.read()
    assert app.names() == ["view", "hosts", "events"]


def test_a_program_gets_every_host_at_first_and_then_those_that_changed() -> None:
    app = App(view=rollout(), hosts=page(host("a", "pending"), mark="m1"), events=page())
    reads = reader(app, all_hosts=True)
    assert len(reads.read().hosts) == 1
    app.bodies |= {"view": rollout(mark="m2"), "hosts": page(host("b", "done"), mark="m2")}
    assert [one["host"] for one in reads.read().hosts] == ["b.contoso.local"]
    assert [params.get("since") for name, params in app.asked if name == "hosts"] == [None, "m1"]
    assert reads.read().hosts == ()


def test_an_event_is_told_once_also_if_it_is_listed_again() -> None:
    app = App(view=rollout(), hosts=page(), events=page(event("e2", "two"), event("e1", "one", -1)))
    reads = reader(app)
    assert [one["id"] for one in reads.read().events] == ["e1", "e2"]
    app.bodies |= {"view": rollout(percent=66), "events": page(event("e2", "two"), event("e3", "three", 1))}
    assert [one["id"] for one in reads.read().events] == ["e3"]
    since = [params.get("since") for name, params in app.asked if name == "events"]
    assert since[0] is None
    assert since[1] is not None


def test_a_task_has_neither_hosts_nor_events() -> None:
    app = App(view=task())
    sight = Reader(app, f"/rollouts/{ID}", lambda: NOW, lines=10).read()
    assert app.names() == ["view"]
    assert not sight.is_rollout


@pytest.mark.parametrize("lines", [0, 10])
def test_hosts_that_nobody_is_shown_are_not_read(lines: int) -> None:
    app = App(view=rollout(counts=COUNTS if lines == 0 else {"done": 59}), hosts=page(), events=page())
    reader(app, lines=lines).read()
    assert app.names() == ["view", "events"]
