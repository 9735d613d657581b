"""The list of promotions: filters and order."""

from __future__ import annotations

from typing import Literal

from shared.api.lists.common import HistoryQuery, Several
from shared.core.states import PromotionState
from shared.models.base import Name

PromotionSort = Literal["created_at", "due_at", "ended_at", "image", "state", "requested_by"]


class PromotionsQuery(HistoryQuery):
    """Promotions that all given filters accept."""

    image: Name | None = None
    pool: Name | None = None
    """Promotions that name this pool to be updated."""
    state: Several[PromotionState] | None = None
    sort: PromotionSort = "created_at"
