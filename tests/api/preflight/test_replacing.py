"""What a plan says of VMs that are to be replaced: whether they fit the image, and what each of them loses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.preflight.requests import planned, refused, said
from tests.fixtures.app import App, findings, office
from tests.fixtures.world.azure import DEFINITION_ID, vm_id_of


def with_machines(*hosts: str, **fields: Any) -> App:
    """The pool `office`; these hosts, or all, have VMs with these fields."""
    app = office()
    for key, found in app.world.machines.items():
        if not hosts or any(vm_id_of(host).lower() == key for host in hosts):
            app.world.machines[key] = found.model_copy(update=fields)
    return app


def image(app: App, **fields: Any) -> None:
    """The image definition has these fields."""
    found = app.world.definitions[DEFINITION_ID.lower()]
    app.world.definitions[DEFINITION_ID.lower()] = found.model_copy(update=fields)


def disk_of_version(app: App, size: int) -> None:
    versions = app.world.versions[DEFINITION_ID.lower()]
    versions["2.0.0"] = versions["2.0.0"].model_copy(update={"os_disk_gb": size})


class TestDisks:
    """The disk of a new VM cannot be smaller than the image."""

    def test_hosts_with_smaller_disks_get_larger_ones_and_the_plan_warns(self) -> None:
        app = with_machines("h1.contoso.local", "h1", os_disk_gb=127)
        disk_of_version(app, 256)
        reply = planned(app, strategy="replace")
        assert (findings(reply)["disk"], reply.json["can_start"]) == ("warn", True)
        assert said(reply, "disk").startswith("the OS disk of 1 host is smaller than the image's, which has 256 GB")

    @pytest.mark.parametrize(("size", "strategy"), [(256, "replace"), (512, "replace"), (127, "reimage")])
    def test_others_are_no_finding(self, size: int, strategy: str) -> None:
        app = with_machines(os_disk_gb=size)
        disk_of_version(app, 256)
        assert "disk" not in findings(planned(app, strategy=strategy))


class TestImageDefinition:
    """A VM keeps its security type and the type of its disk, so the image definition must offer them."""

    @pytest.mark.parametrize(
        ("machine", "definition"),
        [
            ({"security_type": "TrustedLaunch"}, {"security_type": ""}),
            ({"security_type": "TrustedLaunch"}, {"security_type": "ConfidentialVMSupported"}),
            ({"security_type": "ConfidentialVM"}, {"security_type": "TrustedLaunchSupported"}),
            ({}, {"security_type": "TrustedLaunch"}),
            ({}, {"security_type": "ConfidentialVM"}),
            (
                {"security_type": "TrustedLaunch"},
                {"security_type": "TrustedLaunchSupported", "generation": "V1"},
            ),
            ({"os_disk_type": "Standard_LRS"}, {"disallowed_disk_types": ("Standard_LRS",)}),
        ],
    )
    def test_hosts_that_do_not_fit_it_refuse_the_rollout(
        self, machine: dict[str, Any], definition: dict[str, Any]
    ) -> None:
        app = with_machines(**({"security_type": ""} | machine))
        image(app, **definition)
        words = said(refused(app, "definition", "version", policy={"strategy": "replace"}), "definition")
        assert "3 hosts" in words or "2 hosts" in words, words

    @pytest.mark.parametrize(
        ("security", "offered"),
        [
            ("TrustedLaunch", "TrustedLaunch"),
            ("TrustedLaunch", "TrustedLaunchSupported"),
            ("TrustedLaunch", "TrustedLaunchAndConfidentialVmSupported"),
            ("ConfidentialVM", "ConfidentialVMSupported"),
            ("", "TrustedLaunchSupported"),
            ("", ""),
        ],
    )
    def test_hosts_that_fit_it_are_no_finding(self, security: str, offered: str) -> None:
        app = with_machines(security_type=security, os_disk_type="Premium_LRS")
        image(app, security_type=offered, disallowed_disk_types=("Standard_LRS",))
        assert findings(planned(app, strategy="replace")).get("definition") == "pass"

    def test_a_definition_that_cannot_be_read_is_a_warning(self) -> None:
        app = with_machines()
        app.world.refuse("definition")
        assert findings(planned(app, strategy="replace"))["definition"] == "warn"


class TestLosses:
    """Each host of the plan says what its replacement loses."""

    def losses(self, app: App, **policy: Any) -> dict[str, list[tuple[str, str]]]:
        hosts = planned(app, **policy).json["hosts"]
        return {host["host"]: [(one["code"], one["text"]) for one in host["loses"]] for host in hosts}

    def test_extensions_and_the_identity_are_named_per_host(self) -> None:
        app = with_machines(system_identity=False)
        machine, extensions = vm_id_of("h1.contoso.local"), ("AzureMonitorWindowsAgent", "MDE.Windows", "Setup")
        app.world.change_machine(machine, system_identity=True, extensions=extensions)
        found = self.losses(app, strategy="replace")
        assert found["h1.contoso.local"] == [
            ("loses_extensions", "loses the extensions MDE.Windows, Setup"),
            ("restores_extensions", "its extension AzureMonitorWindowsAgent is installed again"),
            ("loses_identity", "gets a new system-assigned identity; roles given to the old one are lost"),
        ]
        assert found["h2.contoso.local"] == []

    def test_what_joins_and_registers_is_sent_again_and_not_lost(self) -> None:
        ours = ("JsonADDomainExtension", "AADLoginForWindows")
        assert not any(self.losses(with_machines(extensions=ours, system_identity=False), strategy="replace").values())

    def test_a_re_imaged_host_loses_nothing(self) -> None:
        app = with_machines(extensions=("Setup",), system_identity=True)
        assert not any(self.losses(app, strategy="reimage").values())

    def test_re_imaging_is_recommended(self) -> None:
        app = with_machines(extensions=("Setup",))
        reply = planned(app, strategy="replace")
        assert (findings(reply)["replace"], reply.json["can_start"]) == ("warn", True)
        assert "use strategy reimage" in said(reply, "replace")
        assert "replace" not in findings(planned(app, strategy="reimage"))
