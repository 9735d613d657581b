"""The scripts that run inside VMs, read by their syntax: nothing here can run PowerShell."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from shared.azure.scripts import preparation_script, registration_script
from tools.powershell import syntax_tree


def nodes(node: Node, kind: str) -> Iterator[Node]:
    """The nodes of this kind below `node`, in the order of the text."""
    if node.type == kind:
        yield node
    for child in node.children:
        yield from nodes(child, kind)


def text(node: Node) -> str:
    return (node.text or b"").decode()


def function(script: str, name: str) -> str:
    """The text of one function of the script."""
    found = [text(node) for node in nodes(syntax_tree(script.encode()), "function_statement")]
    return next(one for one in found if one.startswith(f"function {name}"))


def main_calls(script: str) -> list[str]:
    """The commands of the script's own try block, in their order."""
    top = next(node for node in syntax_tree(script.encode()).children if node.type == "statement_list")
    outermost = next(node for node in top.children if node.type == "try_statement")
    return [text(node) for node in nodes(outermost, "command_name")]


def test_the_preparation_refuses_a_joined_or_onboarded_machine_before_it_changes_anything() -> None:
    calls = main_calls(preparation_script())
    changes = ("Remove-OldSetup", "Clear-Extensions", "Clear-Registration", "Invoke-Sysprep")
    first_change = min(calls.index(name) for name in changes)
    for check in ("Assert-NotJoined", "Assert-NotOnboarded"):
        assert calls.index(check) < first_change


def test_the_preparation_knows_both_joins_and_the_onboarding_to_defender() -> None:
    joined, onboarded = (function(preparation_script(), name) for name in ("Assert-NotJoined", "Assert-NotOnboarded"))
    assert "PartOfDomain" in joined and "AzureAdJoined" in joined
    assert "OnboardingState" in onboarded
    assert joined.count("throw") == 2 and onboarded.count("throw") == 1


def test_the_preparation_leaves_no_state_of_extensions_and_of_the_agent_in_the_image() -> None:
    calls = main_calls(preparation_script())
    assert calls.index("Clear-Extensions") < calls.index("Invoke-Sysprep")
    assert calls.index("Clear-Registration") < calls.index("Invoke-Sysprep")
    cleared = function(preparation_script(), "Clear-Registration")
    assert "RegistrationToken" in cleared and "IsRegistered" in cleared and "RegisteredIn" in cleared


def test_the_preparation_keeps_the_handler_that_runs_it() -> None:
    cleared = function(preparation_script(), "Clear-Extensions")
    assert "$PSCommandPath" in cleared and "-notlike $OwnHandler" in cleared
    assert "$OwnHandler = 'Microsoft.CPlat.Core.RunCommand*'" in preparation_script()


def test_a_package_is_installed_only_with_a_signature_of_microsoft() -> None:
    check = function(registration_script(), "Assert-Signed")
    assert "Get-AuthenticodeSignature" in check and "O=Microsoft Corporation" in check
    calls = main_calls(registration_script())
    assert calls.count("Assert-Signed") == 2
    assert calls.index("Save-Package") < calls.index("Assert-Signed")
    assert len(calls) - calls[::-1].index("Assert-Signed") <= calls.index("Install-Package")


def test_an_agent_in_the_image_gets_the_new_token_even_if_it_is_not_registered() -> None:
    """An installed package is not installed again, so the token would not reach the agent."""
    condition = function(registration_script(), "Test-Agent")
    assert "Get-Service" in condition and "$AgentKey" in condition
    assert "Test-Agent" in main_calls(registration_script())


def test_a_rejected_token_is_reported_in_the_agents_words() -> None:
    check = function(registration_script(), "Assert-TokenAccepted")
    assert "3277" in check and "INVALID_REGISTRATION_TOKEN|EXPIRED_MACHINE_TOKEN" in check
    assert "Assert-TokenAccepted" in function(registration_script(), "Wait-Registered")
