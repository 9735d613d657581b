"""The result of a preflight: findings, and the error raised when one of them fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.core.errors import FieldProblem, InvalidRequest
from shared.models.findings import Finding
from shared.models.images import GalleryVersion
from shared.models.messages import Message

_FIELDS = {
    "account": "image",
    "directory": "pool.directory_cleanup",
    "host_pool": "pool",
    "hosts": "pool",
    "image": "image",
    "join": "pool.join",
    "limits": "policy",
    "locks": "pool",
    "network": "pool",
    "probe": "policy.probe",
    "quota": "policy.strategy",
    "rights": "pool",
    "rollout": "pool",
    "scaling_plan": "pool",
    "scope": "pool",
    "replace": "policy.strategy",
    "strategy": "policy.strategy",
}
"""The request field that a check is about; `version` for all other checks."""


class PreflightFailed(InvalidRequest):
    """The request is well-formed, but a check failed. Nothing was written."""

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
    """The findings, and the facts that the caller needs for the rollout."""

    findings: list[Finding] = field(default_factory=list)
    version: GalleryVersion | None = None
    regions: frozenset[str] = frozenset()
    replicas: int = 0
    """The number of replicas in the region that has the fewest."""
    losses: Mapping[str, list[Message]] = field(default_factory=dict)
    """What each host that would be replaced loses, by lower-case name."""

    def passed(self, check: str, detail: str) -> None:
        """Add the finding of a check that passed."""
        self.findings.append(passed(check, detail))

    def failed(self, check: str, detail: str, what_to_do: str) -> None:
        """Add a finding that prevents the rollout."""
        self.findings.append(failed(check, detail, what_to_do))

    def stop_if_failed(self) -> None:
        """Raises PreflightFailed with all findings when one of them failed."""
        if any(finding.result == "fail" for finding in self.findings):
            raise PreflightFailed(self.findings)


def passed(check: str, detail: str) -> Finding:
    """The finding of a check that passed."""
    return Finding(check=check, result="pass", detail=detail)


def warned(check: str, detail: str, what_to_do: str) -> Finding:
    """A finding that people should know about; it does not prevent the rollout."""
    return Finding(check=check, result="warn", detail=detail, what_to_do=what_to_do)


def failed(check: str, detail: str, what_to_do: str) -> Finding:
    """A finding that prevents the rollout."""
    return Finding(check=check, result="fail", detail=detail, what_to_do=what_to_do)
