"""ARM scopes: what an id lies in, and how it is called to a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable

_KINDS = {
    "hostpools": "host pool",
    "virtualmachines": "VM",
    "disks": "disk",
    "images": "image definition",
    "sessionhosts": "session host",
}


def group_of(resource_id: str) -> str:
    """ARM id of the resource group a resource lies in."""
    return "/" + "/".join(resource_id.strip("/").split("/")[:4])


def groups_of(resource_ids: Iterable[str]) -> tuple[str, ...]:
    """The resource groups of these resources, each once: ARM compares ids without case."""
    return tuple({group.lower(): group for group in map(group_of, resource_ids)}.values())


def holds_at(scope: str, resource_id: str) -> bool:
    """Whether what was set on a scope holds for a resource, or for a part of it."""
    one, other = f"{scope.strip('/').lower()}/", f"{resource_id.strip('/').lower()}/"
    return scope == "" or one.startswith(other) or other.startswith(one)


def scope_names(scope: str) -> str:
    """A scope in words: `resource group rg-desktops`."""
    parts = scope.strip("/").split("/")
    if len(parts) < 4:
        return f"subscription {parts[-1]}"
    if len(parts) == 4:
        return f"resource group {parts[3]}"
    return f"{_KINDS.get(parts[-2].lower(), parts[-2])} {parts[-1]}"
