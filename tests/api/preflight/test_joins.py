"""How the hosts of a pool join, and what would stop them from joining again after they were rebuilt."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureForbidden
from shared.core.settings import Settings
from shared.models.directory import DirectoryCleanup
from tests.api.preflight.requests import planned, refused, said
from tests.fixtures.app import App, change_pool, findings, office
from tests.fixtures.profiles import JOIN, keep_profile
from tests.fixtures.world.azure import vm_id_of


def with_password(password: str) -> App:
    """The pool `office` in a domain; its joining user has this password."""
    app = office(
        settings=Settings(tables_connection="memory", dev_identity="developer", secrets={"JOIN_PASSWORD": password})
    )
    keep_profile(app.tables)
    change_pool(app, join=JOIN)
    return app


def change_vm(app: App, host: str, **changes: object) -> None:
    """Change the VM of a host of `office`."""
    key = vm_id_of(f"{host}.contoso.local").lower()
    app.world.machines[key] = app.world.machines[key].model_copy(update=changes)


class TestPassword:
    """A domain join needs a password that can be one."""

    def test_an_entra_join_needs_no_password(self) -> None:
        assert "needs no password" in said(planned(office()), "join")

    @pytest.mark.parametrize("password", ["made-up", "<3 my cat", "@home Microsoft", "change me tomorrow 42"])
    def test_a_valid_password_passes(self, password: str) -> None:
        reply = planned(with_password(password))
        assert findings(reply)["join"] == "pass"
        assert password not in reply.text

    @pytest.mark.parametrize(
        ("password", "words"),
        [
            ("", "has no password"),
            (" \n", "has no password"),
            ("@Microsoft.KeyVault(SecretUri=https://v.invalid/secrets/s)", "could not be resolved"),
            (" @microsoft.keyvault(VaultName=v;SecretName=s)", "could not be resolved"),
            ("<password>", "holds a placeholder"),
            ("changeme", "holds a placeholder"),
            ("TODO", "holds a placeholder"),
        ],
    )
    def test_an_invalid_password_is_refused_and_not_quoted(self, password: str, words: str) -> None:
        reply = refused(with_password(password), "join", "pool.join")
        assert f"{words};" in said(reply, "join") and "JOIN_PASSWORD" in said(reply, "join")
        assert not password.strip() or password.strip() not in reply.text


class TestIdentity:
    """Joining Entra ID takes a system-assigned identity of the VM."""

    def test_a_host_without_an_identity_cannot_rejoin(self) -> None:
        app = office()
        change_vm(app, "h1", system_identity=False)
        words = said(refused(app, "join", "pool.join"), "join")
        assert "1 host without a system-assigned identity cannot join Entra ID: h1" in words
        assert "switch it on for the VM" in words

    def test_a_host_that_is_not_rebuilt_needs_no_identity(self) -> None:
        app = office()
        change_vm(app, "h1", system_identity=False, version="2.0.0")
        assert findings(planned(app))["join"] == "pass"

    def test_a_domain_join_needs_no_identity(self) -> None:
        app = with_password("made-up")
        change_vm(app, "h1", system_identity=False)
        assert findings(planned(app))["join"] == "pass"


class TestDirectory:
    """The old device of a host must be deleted before it joins Entra ID again."""

    def test_the_right_is_there(self) -> None:
        assert findings(planned(office()))["directory"] == "pass"

    def test_without_the_right_the_host_would_be_wiped_and_not_join(self) -> None:
        app = office()
        app.world.graph_rights.clear()
        words = said(refused(app, "directory", "pool.directory_cleanup"), "directory")
        assert "lacks Device.ReadWrite.All on Microsoft Graph" in words
        assert 'set the pool\'s directory_cleanup to "none"' in words

    def test_the_right_on_intune_is_asked_for_only_when_it_is_used(self) -> None:
        app = office()
        app.world.graph_rights.discard("DeviceManagementManagedDevices.ReadWrite.All")
        assert findings(planned(app))["directory"] == "pass"
        change_pool(app, directory_cleanup=DirectoryCleanup.ENTRA_INTUNE)
        assert "DeviceManagement" in said(refused(app, "directory", "pool.directory_cleanup"), "directory")

    def test_graph_that_refuses_to_answer(self) -> None:
        app = office()
        app.world.fail("missing_rights", AzureForbidden("token", None, "NoToken", "no identity"), times=9)
        assert "no identity" in said(refused(app, "directory", "pool.directory_cleanup"), "directory")

    def test_nothing_is_asked_where_devices_are_left_alone(self) -> None:
        app = office()
        app.world.graph_rights.clear()
        change_pool(app, directory_cleanup=DirectoryCleanup.NONE)
        assert "directory" not in findings(planned(app))
        assert "directory" not in findings(planned(with_password("made-up")))


def test_the_plan_says_that_kept_disks_are_not_used_on_an_entra_pool() -> None:
    assert "For a roll-back a host is re-imaged" in said(planned(office()), "join")


def test_the_plan_says_who_may_join_over_a_computer_object() -> None:
    words = said(planned(with_password("made-up")), "join")
    assert "KB5020276" in words and "created" in words and "domain administrator" in words and "policy" in words
