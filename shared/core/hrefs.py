"""Where things are read over HTTP: links in answers. Pure."""

from __future__ import annotations


def versions_href(image: str) -> str:
    """Where the versions of an image are listed."""
    return f"/api/images/{image}/versions"


def image_roll_back_href(image: str) -> str:
    """Where an image is rolled back."""
    return f"/api/images/{image}/roll-back"


def pool_href(pool: str) -> str:
    """Where a pool is read."""
    return f"/api/pools/{pool}"


def promotion_href(promotion_id: str) -> str:
    """Where a scheduled promotion is read."""
    return f"/api/promotions/{promotion_id}"


def rollout_href(rollout_id: str) -> str:
    """Where a rollout is read."""
    return f"/api/rollouts/{rollout_id}"


def task_href(task_id: str) -> str:
    """Where a task is read."""
    return f"/api/tasks/{task_id}"
