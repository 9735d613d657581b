"""No promise breaks under chaos. `make chaos SEED=17` repeats one run, `make chaos SEEDS=200` makes more of them."""

from __future__ import annotations

import pytest

from tests.chaos.plan import plan_of, seeds
from tests.chaos.run import Chaos
from tests.chaos.stack import ChaosStack


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", seeds())
def test_no_promise_breaks(stack: ChaosStack, seed: int) -> None:
    plan = plan_of(seed)
    print(f"repeat with: make chaos SEED={seed}\n{plan}")
    broken = Chaos(stack, plan).run()
    if broken:
        writes = (answer for answer in stack.answers if not answer.request.startswith("GET"))
        print("What was asked for:", *sorted(writes, key=lambda answer: answer.began), sep="\n")
    assert not broken, "\n".join([f"seed {seed}, {plan.kind}:", *broken])
