"""What a preflight answers: findings, and the refusal that is made of those that fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.core.errors import FieldProblem, InvalidRequest
from shared.models.findings import Finding
from shared.models.images import GalleryVersion

_FIELDS = {
    "account": "image",
    "host_pool": "pool",
    "hosts": "pool",
    "image": "image",
    "join": "pool.join",
    "locks": "pool",
    "network": "pool",
    "quota": "policy.strategy",
    "rights": "pool",
    "rollout": "pool",
    "scaling_plan": "pool",
    "strategy": "policy.strategy",
}
"""Which field of the request a check is about; `version` otherwise."""


class PreflightFailed(InvalidRequest):
    """The request is well-formed, but the rollout would not go well. Nothing was written."""

    status = 422
    title = "The rollout cannot start"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            [
                FieldProblem(_FIELDS.get(finding.check, "version"), f"{finding.detail}; {finding.what_to_do}")
                for finding in findings
                if finding.result == "fail"
            ]
        )


@dataclass
class Preflight:
    """The findings, and what was read on the way."""

    findings: list[Finding] = field(default_factory=list)
    version: GalleryVersion | None = None
    regions: frozenset[str] = frozenset()
    replicas: int = 0
    """Replicas of the version in the region that has fewest of them."""

    def passed(self, check: str, detail: str) -> None:
        """A check that is fine."""
        self.findings.append(passed(check, detail))

    def failed(self, check: str, detail: str, what_to_do: str) -> None:
        """A check that forbids the rollout."""
        self.findings.append(failed(check, detail, what_to_do))

    def stop_if_failed(self) -> None:
        """Raises PreflightFailed with the findings when one of them forbids the rollout."""
        if any(finding.result == "fail" for finding in self.findings):
            raise PreflightFailed(self.findings)


def passed(check: str, detail: str) -> Finding:
    """A check that is fine."""
    return Finding(check=check, result="pass", detail=detail)


def warned(check: str, detail: str, what_to_do: str) -> Finding:
    """A check whose result somebody should know."""
    return Finding(check=check, result="warn", detail=detail, what_to_do=what_to_do)


def failed(check: str, detail: str, what_to_do: str) -> Finding:
    """A check that forbids the rollout."""
    return Finding(check=check, result="fail", detail=detail, what_to_do=what_to_do)
