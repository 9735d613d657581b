"""An app of two customers: what exists belongs to contoso; fabrikam has nothing and must not see that."""

from __future__ import annotations

from datetime import timedelta

from shared.models.access.caps import Caps
from shared.models.access.grants import AppKey, Grant
from shared.models.access.limits import Limits
from shared.models.access.roles import Role
from shared.models.accounts import Account
from shared.models.pools import Ring
from shared.models.promotions import Promotion
from shared.models.tasks import ActivationWork, Task, TaskKind
from shared.services import IMAGES, POOLS
from tests.fixtures.app import App, office, update
from tests.fixtures.profiles import PROBE, PROFILE, keep_probe, keep_profile
from tests.fixtures.tokens import BOB, TENANT

TASK, PROMOTION = "8204680874795-4bd9", "8204680874796-4bd9"
PRINCIPAL = f"{TENANT}.{BOB}"


def two_customers() -> tuple[App, dict[str, str]]:
    """The app, and the name of a thing of contoso for each parameter of a path."""
    app = office()
    tables = app.tables
    for name in ("contoso", "fabrikam"):
        tables.accounts.add(Account(name=name, created_at=app.now))
    tables.pools.replace(_found(tables.pools.find(POOLS, "office")).replace(account="contoso"))
    tables.images.replace(_found(tables.images.find(IMAGES, "win11")).replace(accounts=("contoso",)))
    rollout = update(app).json["id"]
    tables.tasks.add(
        Task(id=TASK, kind=TaskKind.STAGE, image="win11", accounts=("contoso",), version="3.0.0", created_at=app.now)
    )
    tables.promotions.add(
        Promotion(
            id=PROMOTION,
            image="win11",
            accounts=("contoso",),
            version="3.0.0",
            due_at=app.now + timedelta(days=1),
            time_zone="UTC",
            activation=ActivationWork(),
            created_at=app.now,
        )
    )
    key = {"accounts": ("contoso",), "created_at": app.now, "expires_at": app.now + timedelta(days=9)}
    tables.app_keys.add(AppKey(name="pipeline", digest="0" * 64, role=Role.OPERATOR, **key))
    tables.limits.add(Limits(account="contoso", ring=Ring.PRODUCTION, changed_at=app.now))
    tables.caps.add(Caps(account="contoso", changed_at=app.now))
    keep_probe(tables, account="contoso")
    keep_profile(tables, account="contoso")
    tables.grants.add(Grant(principal=PRINCIPAL, accounts=("contoso",), changed_at=app.now))
    return app, {
        "pool": "office",
        "image": "win11",
        "account": "contoso",
        "rollout": rollout,
        "task": TASK,
        "promotion": PROMOTION,
        "version": "2.0.0",
        "key": "pipeline",
        "principal": PRINCIPAL,
        "ring": "production",
        "probe": PROBE,
        "profile": PROFILE,
    }


def _found[T](row: T | None) -> T:
    assert row is not None
    return row
