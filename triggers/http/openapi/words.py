"""Descriptions of fields in the OpenAPI document: the docstrings below the fields of the models, read from the source.

Only who asks for the document pays for it. pydantic could read them too (`use_attribute_docstrings`), but as each
model is made, which every cold start of a worker would wait for.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

type _Words = Mapping[str, str]
"""Field or member -> its docstring."""


class Described(GenerateJsonSchema):
    """Schemas of models whose fields have their docstrings, and of enums whose members have theirs."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """The schema of a model, with words for each field."""
        found = super().model_schema(schema)
        words = _words_of(schema["cls"])
        for name, field in found.get("properties", {}).items():
            if text := words.get(_field_by_alias(schema["cls"], name)):
                field.setdefault("description", text)
        return found

    def enum_schema(self, schema: Any) -> JsonSchemaValue:
        """The schema of an enum, with words for each member."""
        found = super().enum_schema(schema)
        words, members = _words_of(schema["cls"]), schema["members"]
        if told := {str(one.value): words[one.name] for one in members if one.name in words}:
            found["x-enumDescriptions"] = told
        return found


def _field_by_alias(model: Any, name: str) -> str:
    return next((own for own, field in model.model_fields.items() if field.alias == name), name)


@cache
def _words_of(owner: type) -> _Words:
    """The docstrings of the fields of a class, its own before those of its bases."""
    found: dict[str, str] = {}
    for one in reversed(owner.__mro__):
        if one.__module__.partition(".")[0] == "shared" and one is not Enum:
            found |= _in_module(one.__module__).get(_plain_name(one), {})
    return found


def _plain_name(owner: type) -> str:
    """The name of a class in its source; that of a generic model has its argument in brackets."""
    return owner.__name__.partition("[")[0]


@cache
def _in_module(module: str) -> Mapping[str, _Words]:
    source = Path(inspect.getfile(sys.modules[module])).read_text()
    return {node.name: _in_class(node) for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def _in_class(owner: ast.ClassDef) -> _Words:
    """Field -> the text in the line below it."""
    pairs = zip(owner.body, owner.body[1:], strict=False)
    return {name: " ".join(text.split()) for one, below in pairs if (name := _name(one)) and (text := _text(below))}


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign):
        return node.target.id if isinstance(node.target, ast.Name) else ""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""
