"""The hosts that a request chooses or leaves out, as names of the host pool."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from shared.core.errors import AzureRefused, FieldProblem
from shared.models.pools import Pool
from shared.models.rollout_parts import WHOLE_POOL, Selection
from shared.models.rollouts import RolloutKind
from shared.services import ROLLOUTS, Services


def selection_of(
    services: Services,
    pool: Pool,
    problems: list[FieldProblem],
    *,
    only: Sequence[str] | None,
    exclude: Sequence[str],
    for_new_hosts: bool,
) -> Selection:
    """The selection of a request. Unknown names, and a choice that leaves no host, are added to `problems`.

    Names are not checked while Azure refuses the list of hosts, which the preflight reports. Raises AzureBusy.
    """
    if only is None and for_new_hosts:
        problems.append(FieldProblem("for_new_hosts", "only allowed together with only; leave it out"))
    if only is None and not exclude:
        return WHOLE_POOL
    chosen = Selection(only=lower_names(only or ()), exclude=lower_names(exclude), for_new_hosts=for_new_hosts)
    try:
        listed = known_hosts(services, pool)
    except AzureRefused:
        return chosen
    problems += unknown_hosts("only", chosen.only, listed) + unknown_hosts("exclude", chosen.exclude, listed)
    if listed and not problems and all(chosen.why_left_out(host, tagged=False) for host in listed):
        problems.append(FieldProblem("exclude", "every host would be left out; leave at least one of them in"))
    return chosen


def lower_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of hosts as rows have them, each once."""
    return tuple(sorted({name.lower() for name in names}))


def known_hosts(services: Services, pool: Pool) -> frozenset[str]:
    """The names of the pool's hosts, in lower case. Raises AzureError."""
    return frozenset(host.name.lower() for host in services.host_pools.session_hosts(pool.host_pool_id))


def unknown_hosts(field: str, names: Iterable[str], known: Collection[str]) -> list[FieldProblem]:
    """A problem for each name that no host of the pool has."""
    return [FieldProblem(field, f"the pool has no host called {name}") for name in names if name not in known]


def selection_to_undo(services: Services, pool: Pool) -> Selection:
    """The selection of the rollout that brought the pool to its version: its roll-back keeps it. The names are not
    checked again, because a host may have left the pool since."""
    for rollout in services.rollouts.each(ROLLOUTS, pool=pool.name):
        same = (rollout.version, rollout.image) == (pool.version, pool.image)
        if same and rollout.kind is RolloutKind.UPDATE and rollout.of_whole_pool and rollout.started_at:
            return rollout.selection
    return WHOLE_POOL
