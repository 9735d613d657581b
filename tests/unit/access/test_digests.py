"""What a second person has approved is still approved after an update of the app."""

from __future__ import annotations

from shared.access.two_people.rollouts import digest_of
from shared.models.policy import Policy
from shared.models.rollout_parts import Selection
from tests.fixtures.table_records import rollout


class NextPolicy(Policy):
    floors: tuple[str, ...] = ()
    lift_hours: int = 3


class NextSelection(Selection):
    rooms: tuple[str, ...] = ()


def test_fields_that_an_update_brings_change_no_digest_until_they_are_used() -> None:
    before = rollout()
    policy = NextPolicy.model_validate(before.policy.model_dump())
    after = before.model_copy(update={"policy": policy, "selection": NextSelection()})
    assert digest_of(after) == digest_of(before)
    used = after.model_copy(update={"policy": policy.replace(lift_hours=4)})
    assert digest_of(used) != digest_of(before)


def test_every_other_value_has_another_digest() -> None:
    before = rollout()
    changes = [
        {"policy": before.policy.replace(retries=0)},
        {"policy": before.policy.replace(canary_hosts=0)},
        {"selection": Selection(only=("a",))},
        {"selection": Selection(exclude=("a",))},
        {"version_id": "another"},
        {"zone": "Europe/Berlin"},
    ]
    digests = [digest_of(before), *(digest_of(before.replace(**change)) for change in changes)]
    assert len(set(digests)) == len(digests)
