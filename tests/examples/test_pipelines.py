"""The example pipelines: their files parse, and every command in them is one of the command line, with its options."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from freshcoat_cli.errors import Exit
from freshcoat_cli.main import app

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPT = EXAMPLES / "pipelines/publish.sh"
PIPELINES = {"github-actions": EXAMPLES / "github-actions/publish-image.yml"}
PIPELINES["azure-devops"] = EXAMPLES / "azure-devops/publish-image.yml"
COMMANDS: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
STEPS = re.findall(r"^  (\w+)\) [a-z_]+ ;;$", SCRIPT.read_text(), re.MULTILINE)


def loaded(name: str) -> Any:
    """A pipeline. YAML 1.1 reads the key `on` as true."""
    found = yaml.safe_load(PIPELINES[name].read_text())
    return {("on" if key is True else key): value for key, value in found.items()}


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in it."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(one)


def scripts(name: str) -> list[str]:
    """What a pipeline runs in a shell."""
    keys = ("run", "script", "inlineScript")
    return [node[key] for node in nodes(loaded(name)) for key in keys if isinstance(node.get(key), str)]


def commands(text: str) -> list[list[str]]:
    """The calls of `freshcoat` in a script, as words."""
    joined = text.replace("\\\n", " ")
    found = re.findall(r"(?:^|\$\(|[;{|] )\s*freshcoat ([a-z][^\n]*)", joined, re.MULTILINE)
    return [list(takewhile(lambda word: word[0] not in "();|&<>", _words(one))) for one in found]


def _words(line: str) -> Iterator[str]:
    """Words as the shell has them, without the arrays that it puts in."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return (word for word in lexer if not word.endswith("[@]}"))


def arrays(text: str) -> list[tuple[str, list[str]]]:
    """Options that the script collects before it calls: the name of the array, and its words."""
    found = re.findall(r"(?:local )?(\w+)\+?=\((--[^\n]*)\)$", text, re.MULTILINE)
    return [(name, shlex.split(words)) for name, words in found]


def check(words: list[str]) -> None:
    """The command exists, it takes these options, and it takes so many arguments."""
    name, *rest = words
    assert name in COMMANDS, name
    options = {word: one for one in COMMANDS[name].params for word in one.opts if word.startswith("-")}
    arguments = [one for one in COMMANDS[name].params if one.param_type_name == "argument"]
    given = 0
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            given += 1
            continue
        assert word in options, f"{name} {word}"
        if not options[word].is_flag:
            assert rest, f"{name} {word} takes a value"
            rest.pop(0)
    assert sum(one.required for one in arguments) <= given <= len(arguments), words


def test_the_calls_are_found() -> None:
    text = SCRIPT.read_text()
    lines = [
        line for line in text.splitlines() if re.search(r"\bfreshcoat [a-z]", line) and not re.match(r"\s*#", line)
    ]
    said = [line for line in lines if "complain" in line or "say " in line]
    assert len(commands(text)) == len(lines) - len(said)
    assert {words[0] for words in commands(text)} >= {"stage", "set-as-image", "watch", "update-image", "promote"}


@pytest.mark.parametrize("words", commands(SCRIPT.read_text()), ids=lambda words: words[0])
def test_each_call_of_the_script_is_one_of_the_command_line(words: list[str]) -> None:
    check(words)


def test_the_options_that_are_collected_are_those_of_the_commands_that_get_them() -> None:
    text = SCRIPT.read_text()
    taken = {name: {word for one in COMMANDS[name].params for word in one.opts} for name in ("promote", "activate")}
    for _, words in arrays(text):
        for option in (word for word in words if word.startswith("--")):
            users = [name for name, options in taken.items() if option in options]
            assert users == (
                ["promote"] if option == "--pools-on-logoff" else ["activate"] if option == "--on-logoff" else
                ["promote", "activate"]
            ), option  # fmt: skip
    assert len(arrays(text)) == 4


@pytest.mark.parametrize("name", PIPELINES)
def test_each_call_of_a_pipeline_is_one_of_the_command_line_or_a_step_of_the_script(name: str) -> None:
    found = scripts(name)
    run = re.findall(r"publish\.sh (\w+)", "\n".join(found))
    assert run == ["build", "test", "show", "release"]
    assert set(run) < set(STEPS)
    for words in commands("\n".join(found)):
        check(words)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_shell_of_a_pipeline_parses(name: str) -> None:
    for text in [*scripts(name), SCRIPT.read_text()]:
        without = re.sub(r"\$\{\{.*?\}\}", "value", text)
        done = subprocess.run(["/bin/bash", "-n"], input=without, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", PIPELINES)
def test_what_the_script_needs_is_set_by_every_pipeline(name: str) -> None:
    needed = set(re.findall(r'"\$\{(\w+):\?', SCRIPT.read_text())) | set(
        re.findall(r"^: \"\$\{(\w+):\?", SCRIPT.read_text(), re.M)
    )
    text = PIPELINES[name].read_text()
    for variable in needed:
        assert re.search(rf"\b{variable}\b", text), variable


@pytest.mark.parametrize("name", PIPELINES)
def test_no_input_is_written_into_a_shell(name: str) -> None:
    """Texts of people reach a script through its environment: one with a quote in it would be a command otherwise."""
    assert [text for text in scripts(name) if "${{" in text or "$(" in text] == []


@pytest.mark.parametrize("name", PIPELINES)
def test_there_is_no_secret_in_a_pipeline(name: str) -> None:
    text = "\n".join(line for line in PIPELINES[name].read_text().splitlines() if not line.lstrip().startswith("#"))
    assert not re.search(r"secret|password|FRESHCOAT_KEY|fck_", text, re.IGNORECASE)


def test_github_signs_in_without_a_secret_runs_one_at_a_time_and_asks_before_production() -> None:
    found = loaded("github-actions")
    assert found["permissions"] == {"contents": "read", "id-token": "write"}
    assert found["concurrency"]["cancel-in-progress"] is False
    assert "run_id" in found["env"]["RUN"]
    assert "run_attempt" not in found["env"]["RUN"]
    assert set(found["env"]) >= {"FRESHCOAT_URL", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"}
    assert all(job["timeout-minutes"] for job in found["jobs"].values())
    assert found["jobs"]["release"]["environment"] == "freshcoat-production"
    assert set(found["jobs"]["release"]["needs"]) == {"build", "test"}
    assert all("@" in step["uses"] for node in nodes(found) for step in node.get("steps", ()) if "uses" in step)


def test_azure_devops_signs_in_without_a_secret_runs_one_at_a_time_and_asks_before_production() -> None:
    found = loaded("azure-devops")
    assert (found["lockBehavior"], found["trigger"]) == ("sequential", "none")
    assert "Build.BuildId" in found["variables"]["RUN"]
    by_stage = {stage["stage"]: stage for stage in found["stages"]}
    for stage in by_stage.values():
        (job,) = stage["jobs"]
        assert job["timeoutInMinutes"]
        signed_in = [node["inputs"] for node in nodes(job) if node.get("task") == "AzureCLI@2"]
        assert signed_in
        assert all(inputs["keepAzSessionActive"] for inputs in signed_in), "a wait is longer than a token"
    assert by_stage["release"]["jobs"][0]["environment"] == "freshcoat-production"
    assert by_stage["release"]["dependsOn"] == ["build", "test"]


def test_every_exit_code_of_the_command_line_is_explained() -> None:
    explained = {int(code) for code in re.findall(r"^    (\d+)\) complain", SCRIPT.read_text(), re.MULTILINE)}
    assert explained == set(map(int, Exit)) - {Exit.DONE, Exit.UNEXPECTED, Exit.INTERRUPTED}
