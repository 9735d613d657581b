"""What holds of README and of every page: which blocks are run, what is shown, and where links lead."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from local.stack.options import ROOT
from tests.docs.command_lines import unknown_names, without_time
from tests.docs.pages import MARKERS, BadPage, Block, blocks, commands, pages, shell_blocks
from tests.docs.shown import read
from tools.powershell import syntax_tree

PAGES = pages()
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def block(*lines: str) -> Block:
    return Block("docs/page.md", 10, "sh", lines)


def test_a_command_has_the_answer_below_it() -> None:
    found = commands(block("A=1", "curl x --json '{", '"a": 1}\'', '# 202 {"b":1,', "#      …}", "curl y", "# 404"))
    assert [(c.line, c.text, c.status, c.answer) for c in found] == [
        (11, "A=1", None, ""),
        (12, "curl x --json '{\n\"a\": 1}'", 202, '{"b":1,\n      …}'),
        (16, "curl y", 404, ""),
    ]


def test_here_documents_continued_lines_and_plain_comments_are_read() -> None:
    found = commands(block("cat <<'EOF'", "one", "", "EOF", "# when that is done:", "echo a \\", "  b", ""))
    assert [c.text for c in found] == ["cat <<'EOF'\none\n\nEOF", "echo a \\\n  b"]


@pytest.mark.parametrize(
    "lines",
    [
        ("curl x    # 200 {…}",),
        ("curl x", '# {"a":1}'),
        ('# 200 {"a":1}',),
        ("curl x", "# 200 {…}", "# 200 {…}"),
        ("curl 'x",),
    ],
)
def test_an_answer_that_would_not_be_compared_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(BadPage):
        commands(block(*lines))


def test_a_marker_is_a_first_line_of_its_own() -> None:
    assert [block(first).marker for first in ("# needs Azure", "# on its own: runs on", "# needs Azurite", "ls")] == [
        "# needs Azure",
        "# on its own",
        "",
        "",
    ]


def test_commands_that_are_not_run_are_counted() -> None:
    """A block more that nobody runs is a decision: count it here."""
    marked = Counter(found.marker for page in PAGES for found in shell_blocks(page))
    assert {marker: marked[marker] for marker in MARKERS} == {"# needs Azure": 22, "# on its own": 5}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_stand_in_sh_blocks_and_their_answers_can_be_read(page: Path) -> None:
    for found in blocks(page):
        if found.language == "sh" and not found.marker:
            for command in commands(found):
                if command.answer:
                    read(command.answer)
        elif found.language != "sh":
            hidden = [line for line in found.lines if re.match(r"(curl|make|az|git|\. |\S*python\S*) ", line)]
            assert hidden == [], f"{found.page}:{found.line}: commands stand in an `sh` block"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_commands_name_existing_targets(page: Path) -> None:
    known = set(re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets = {target for rule in known for target in rule.split()}
    for found in shell_blocks(page):
        asked = re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z]+)", "\n".join(found.lines), re.MULTILINE)
        assert set(asked) <= targets, f"{found.page}:{found.line}"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=[*NAMES, "CONTRIBUTING.md"])
def test_links_point_to_existing_pages_and_sections(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, section = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (section and section not in anchors(there)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The sections of a page, by the names GitHub gives them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 180


def test_the_readme_links_every_existing_page() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []


def test_the_index_of_the_guides_links_each_of_them_and_the_readme_links_the_index() -> None:
    guides = ROOT / "docs" / "guides"
    index = (guides / "README.md").read_text()
    assert [
        page.name for page in guides.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index
    ] == []
    assert "(docs/guides/README.md)" in (ROOT / "README.md").read_text()


def test_the_tutorial_deploys_as_the_page_about_it_does() -> None:
    """It has the commands once more, so that nobody has to jump in the middle of a deployment."""
    commands_of = {
        page: {
            re.split(r"\s{2,}#", line)[0]
            for found in shell_blocks(ROOT / page)
            if found.marker
            for line in found.lines[1:]
        }
        for page in ("docs/deploy.md", "docs/guides/tutorial.md")
    }
    assert commands_of["docs/guides/tutorial.md"] - commands_of["docs/deploy.md"] == set()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name in {"docs", "guides"}], ids=lambda page: page.name
)
def test_a_page_says_first_for_whom_and_for_what(page: Path) -> None:
    title, _, first = page.read_text().partition("\n\n")
    assert title.startswith("# ")
    assert re.match(r"For [a-z]+\b", first)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_variables_of_commands_for_azure_are_set_or_explained(page: Path) -> None:
    """An empty one makes an id of another resource, or of none."""
    explained = set(re.findall(r"`?\$([A-Z]+)`?", "\n".join(_prose(page))))
    text = [line for found in shell_blocks(page) for line in found.lines]
    given = set(re.findall(r"(?:^|[ ;&])([A-Z]+)=", "\n".join(text), re.MULTILINE)) | {"USER"}
    for found in shell_blocks(page):
        used = set(re.findall(r"\$\{?([A-Z]+)\b", "\n".join(found.lines)))
        if found.marker == "# needs Azure":
            assert used - given - explained == set(), f"{found.page}:{found.line}"


def _prose(page: Path) -> list[str]:
    """The lines outside of blocks, and the remarks in the first lines of those that are not run."""
    inside = {line for found in blocks(page) for line in found.lines}
    remarks = [found.lines[0] for found in shell_blocks(page) if found.marker]
    return [line for line in page.read_text().splitlines() if line not in inside] + remarks


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_names_commands_and_options_that_exist(page: Path) -> None:
    """Also in lines that are not run."""
    assert unknown_names(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_says_when_pools_are_updated(page: Path) -> None:
    """Also in lines that are not run, such as those for an emergency."""
    assert without_time(page.read_text()) == []


def test_an_update_without_a_time_is_found() -> None:
    text = "`freshcoat roll-back-image x --update-pools all`\nfreshcoat update-image x 2.0.0\n`freshcoat update-image`"
    assert without_time(text) == ["roll-back-image x --update-pools all", "update-image x 2.0.0"]


def test_a_command_and_an_option_that_do_not_exist_are_named() -> None:
    text = "`freshcoat pools --live`, then `freshcoat pool`\nP=$(freshcoat promote x --days 3 --pools-never -q) --no\n"
    assert unknown_names(text) == ["pool: pool", "promote x --days 3 --pools-never -q) --no: --pools-never"]


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "guides"], ids=lambda page: page.name)
def test_a_guide_names_fields_that_the_api_has(page: Path) -> None:
    """Such as those that stand beside the settings of another tool. The names of checks are in api.md."""
    known = (ROOT / "docs" / "openapi.json").read_text() + (ROOT / "docs" / "api.md").read_text()
    named = re.findall(r"`\"?([a-z]+(?:_[a-z]+)+)\"?[:`]", page.read_text())
    assert [name for name in named if f'"{name}"' not in known and f"`{name}`" not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_powershell_in_a_page_parses(page: Path) -> None:
    shown = ["\n".join(found.lines) for found in blocks(page) if found.language == "powershell"]
    assert [text for text in shown if syntax_tree(text.encode()).has_error] == []


@pytest.mark.parametrize("page", ["README.md", "docs/local.md"])
def test_the_demo_says_what_its_shown_output_says(page: str) -> None:
    code = "".join(path.read_text() for path in (ROOT / "local" / "demo").glob("*.py"))
    shown = next(found for found in blocks(ROOT / page) if any("All checks passed." in line for line in found.lines))
    labels = [line.partition(":")[0] for line in shown.lines if re.match(r"[a-z -]+: ", line, re.IGNORECASE)]
    labels = [label for label in labels if " win11" not in label]
    assert [label for label in [*labels, "All checks passed."] if label not in code] == []
    assert len(labels) >= 4
