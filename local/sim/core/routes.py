"""The table of simulated ARM routes, and the paging of lists."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from local.sim.core.grants import action_of
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, Call, Json, number_parameter, skip_token

Handler = Callable[[Sim, Call], Answer]


@dataclass(frozen=True)
class Route:
    handler: Handler
    op: str
    action: str
    """The right that it needs."""


ROUTES: dict[tuple[str, str], Route] = {}


def arm(method: str, pattern: str, op: str) -> Callable[[Handler], Handler]:
    """Register a handler, e.g. `@arm("POST", "Microsoft.Compute/virtualMachines/*/reimage", "reimage")`."""

    def register(handler: Handler) -> Handler:
        ROUTES[(method, pattern.lower())] = Route(handler, op, action_of(method, pattern))
        return handler

    return register


def page[T](sim: Sim, call: Call, items: Mapping[str, T], render: Callable[[T], Json]) -> Answer:
    """One page of `items`, sorted by key.

    The continuation holds the last key instead of an offset, because hosts are removed and added between pages.
    """
    after = skip_token(call)
    size = page_size(sim, call)
    descending = call.query.get("isDescending", "").lower() == "true"
    keys = sorted(items, reverse=descending)
    first = number_parameter(call, "initialSkip")
    if after and descending:
        first = len(keys) - bisect_left(keys[::-1], after)
    elif after:
        first = bisect_right(keys, after)
    chosen = keys[first : first + size]
    body: Json = {"value": [render(items[key]) for key in chosen]}
    if first + size < len(keys):
        query = {k: v for k, v in call.query.items() if k.lower() not in {"$skiptoken", "initialskip"}}
        query["$skipToken"] = chosen[-1]
        body["nextLink"] = f"{call.base_url}{quote(call.path)}?{urlencode(query)}"
    return Answer(200, body)


def page_size(sim: Sim, call: Call) -> int:
    return number_parameter(call, "pageSize") or sim.options.page_size
