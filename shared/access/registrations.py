"""What a registration names must be within the caller's accounts: the rest is as if it did not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.access.errors import NotAllowed
from shared.core.errors import Conflict, FieldProblem, InvalidRequest
from shared.models.access.roles import EVERY_ACCOUNT, Need, Reach
from shared.models.accounts import Account, ScopeMap
from shared.services import IMAGES, POOLS, Services


def check_still_reached(reach: Reach, kind: str, owners: Sequence[str]) -> None:
    """Raises Conflict when what is stored was given to accounts of others since the caller was let in."""
    if not reach.covers(owners):
        raise Conflict(f"Somebody else changed this {kind} at the same time. Try again.")


def sees_pool(services: Services, reach: Reach, name: str) -> bool:
    """Whether the caller may be told that there is such a pool."""
    pool = None if reach.everything else services.pools.find(POOLS, name)
    return reach.everything or (pool is not None and reach.sees((pool.account,)))


def sees_image(services: Services, reach: Reach, name: str) -> bool:
    """Whether the caller may be told that there is such an image."""
    image = None if reach.everything else services.images.find(IMAGES, name)
    return reach.everything or (image is not None and reach.sees(image.owners))


def check_pool_reach(services: Services, reach: Reach, account: str, image: str) -> None:
    """Raises InvalidRequest for an account or an image that the caller may not see."""
    problems = []
    if not reach.covers((account,)):
        problems.append(FieldProblem("account", f"there is no account called {account}; register it first"))
    found = services.images.find(IMAGES, image)
    if found is not None and not reach.sees(found.owners):
        problems.append(FieldProblem("image", f"there is no image called {image}; register it first"))
    if problems:
        raise InvalidRequest(problems)


def check_account_reach(reach: Reach, name: str) -> None:
    """Raises NotAllowed for a new account, which only who has all accounts may make."""
    if not reach.covers((name,)):
        raise NotAllowed(f"A new account needs a grant for all accounts ({EVERY_ACCOUNT}).", Need.CONFIGURE)


def check_scopes_reach(reach: Reach, account: Account, scopes: Sequence[str], identity: str) -> None:
    """Raises NotAllowed for scopes or an identity that change, unless the caller has all accounts: an admin of the
    account alone must not widen it."""
    if not reach.everything and (tuple(scopes), identity.lower()) != (account.scopes, account.identity_client_id):
        text = f"Scopes and identity of an account are changed with a grant for all accounts ({EVERY_ACCOUNT})."
        raise NotAllowed(text, Need.CONFIGURE)


def check_pool_scopes(scopes: ScopeMap, account: str, host_pool_id: str) -> None:
    """Raises InvalidRequest for a host pool that is not the account's."""
    if problem := scopes.problem(account, host_pool_id):
        raise InvalidRequest.one("host_pool_id", f"{problem}; {MEND}")


def vms_outside(scopes: ScopeMap, account: str, vm_ids: Iterable[str]) -> list[str]:
    """Why VMs behind session hosts may not be used by the account."""
    return list(filter(None, (scopes.problem(account, vm_id) for vm_id in vm_ids if vm_id)))


def scope_problems(scopes: ScopeMap, accounts: Sequence[str], ids: Mapping[str, str]) -> list[FieldProblem]:
    """Every field whose resource is not of each of these accounts."""
    found = {
        field: next(filter(None, (scopes.problem(account, given) for account in accounts)), "")
        for field, given in ids.items()
        if given
    }
    return [FieldProblem(field, f"{problem}; {MEND}") for field, problem in found.items() if problem]


MEND = "choose another one, or let somebody with all accounts change the scopes"


def check_image_reach(reach: Reach, accounts: Sequence[str] | None) -> None:
    """Raises InvalidRequest for accounts that the caller may not see, NotAllowed for an image of all accounts."""
    if accounts is None:
        if not reach.everything:
            text = f"An image for all accounts needs a grant for all accounts ({EVERY_ACCOUNT}). Name your accounts."
            raise NotAllowed(text, Need.CONFIGURE)
        return
    check_accounts_reach(reach, accounts)


def check_accounts_reach(reach: Reach, accounts: Sequence[str]) -> None:
    """Raises InvalidRequest for accounts that the caller may not see."""
    unknown = [name for name in accounts if not reach.covers((name,))]
    if unknown:
        text = f"there is no account called {', '.join(unknown)}; register it first"
        raise InvalidRequest.one("accounts", text)
