"""Whether what an image names in Azure is still within its accounts' scopes, asked before anything there changes."""

from __future__ import annotations

from shared.models.images import Image
from shared.records.accounts import read_scopes
from shared.services import Services


def out_of_scope(services: Services, image: Image, *ids: str) -> str:
    """Why one of the image's accounts may not use one of these resources. Empty when each may use all of them.

    Scopes are read now. An image of all accounts is nobody's, so nothing is asked of it.
    """
    scopes = read_scopes(services) if image.accounts else None
    found = (scopes.problem(account, one) for account in image.accounts or () for one in ids if scopes and one)
    return next(filter(None, found), "")
