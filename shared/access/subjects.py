"""Whose a thing is: the accounts of what the path of a request names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.models.access.roles import Reach
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout
from shared.models.tasks import Task, TaskKind
from shared.records import just_read
from shared.records.accounts import known_account
from shared.services import APP_KEYS, GRANTS, IMAGES, POOLS, PROMOTIONS, ROLLOUTS, TASKS, Services


@dataclass(frozen=True)
class Subject:
    """What a path names, and whose it is: accounts, or `*` for all. `whole`: seeing it needs all of them, not one."""

    accounts: tuple[str, ...]
    whole: bool = False
    also: tuple[str, ...] = ()
    """Accounts that only a change needs besides: those of the image that a task or a promotion activates for all."""

    def changed_by(self, reach: Reach) -> bool:
        """Whether it may be changed."""
        return reach.covers({*self.accounts, *self.also})

    def seen_by(self, reach: Reach) -> bool:
        """Whether it is visible."""
        return reach.covers(self.accounts) if self.whole else reach.sees(self.accounts)


def subject_of(services: Services, kind: str, name: str) -> Subject | None:
    """What this parameter of a path names. None: there is no such thing."""
    return SUBJECTS[kind](services, name)


def rollout_subject(rollout: Rollout) -> Subject:
    """Whose a rollout is: the account that its pool had when it began."""
    return Subject((rollout.account,))


def task_subject(task: Task) -> Subject:
    """Whose a task is: that of its image, or those of all pools that it names."""
    return Subject(task.accounts, whole=task.pools is not None)


def promotion_subject(promotion: Promotion) -> Subject:
    """Whose a promotion is: that of its image, or those of all pools that it names."""
    return Subject(promotion.accounts, whole=promotion.update is not None)


def _pool(services: Services, name: str) -> Subject | None:
    pool = services.pools.find(POOLS, name)
    if pool is None:
        return None
    just_read.keep(pool, name)
    return Subject((pool.account,))


def _image(services: Services, name: str) -> Subject | None:
    image = services.images.find(IMAGES, name)
    if image is None:
        return None
    just_read.keep(image, name)
    return Subject(image.owners)


def _account(services: Services, name: str) -> Subject | None:
    account = known_account(services, name)
    return Subject((account.name,)) if account else None


def _rollout(services: Services, rollout_id: str) -> Subject | None:
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    if rollout is None:
        return None
    just_read.keep(rollout, rollout_id)
    return rollout_subject(rollout)


def _task(services: Services, task_id: str) -> Subject | None:
    task = services.tasks.find(TASKS, task_id)
    if task is None:
        return _rollout(services, task_id)
    just_read.keep(task, task_id)
    image = None if task.kind is TaskKind.UPDATE_POOLS else services.images.find(IMAGES, task.image)
    return replace(task_subject(task), also=image.owners if image else ())


def _promotion(services: Services, promotion_id: str) -> Subject | None:
    promotion = services.promotions.find(PROMOTIONS, promotion_id)
    if promotion is None:
        return None
    image = services.images.find(IMAGES, promotion.image)
    return replace(promotion_subject(promotion), also=image.owners if image else ())


def _app_key(services: Services, name: str) -> Subject | None:
    key = services.app_keys.find(APP_KEYS, name)
    return Subject(key.accounts, whole=True) if key else None


def _grant(services: Services, principal: str) -> Subject | None:
    grant = services.grants.find(GRANTS, principal)
    return Subject(grant.accounts, whole=True) if grant else None


SUBJECTS: dict[str, Callable[[Services, str], Subject | None]] = {
    "pool": _pool,
    "image": _image,
    "account": _account,
    "rollout": _rollout,
    "task": _task,
    "promotion": _promotion,
    "key": _app_key,
    "principal": _grant,
}
"""The first parameter of a path -> how to find whose it is."""
