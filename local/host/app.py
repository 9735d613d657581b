"""Indexes a function app folder in the same way as the worker in Azure."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from azure_functions_runtime import start_threadpool_executor
from azure_functions_runtime.bindings.meta import load_binding_registry
from azure_functions_runtime.functions import FunctionLoadError, Registry
from azure_functions_runtime.handle_event import _functions
from azure_functions_runtime.http_v2 import HttpV2Registry
from azure_functions_runtime.loader import index_function_app
from azure_functions_runtime.utils.constants import RETRY_POLICY

from local.host.function import AppError, Function
from local.host.json_files import SettingsError
from local.host.settings import resolve

# The worker compares bindings with members of a protobuf enum, of which it uses only the numbers.
_PROTOS = SimpleNamespace(BindingInfo=SimpleNamespace(out=1, inout=2, undefined=None))


def load_app(app_dir: Path) -> list[Function]:
    """Import the app in ``app_dir``, check every function's signature and start the thread pool.

    Raises AppError for everything that also stops the app in Azure: a missing script file, a failing import, a
    signature that does not match its bindings, a missing setting.
    """
    script = app_dir / os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not script.is_file():
        raise AppError(f"{script.name} was not found in {app_dir}")
    sys.path.insert(0, str(app_dir))
    importlib.invalidate_caches()
    load_binding_registry()
    start_threadpool_executor()
    try:
        return list(_index(script))
    except (FunctionLoadError, SettingsError, ValueError) as error:
        raise AppError(str(error)) from error
    except Exception as error:
        raise AppError(f"importing {script.name} failed: {type(error).__name__}: {error}") from error


def _index(script: Path) -> Iterator[Function]:
    indexed_functions = index_function_app(str(script))
    if HttpV2Registry.http_v2_enabled():  # type: ignore[no-untyped-call]
        raise ValueError("the app uses HTTP streaming, which this host does not serve")
    for indexed in indexed_functions:
        info = cast(Registry, _functions).add_indexed_function(  # type: ignore[no-untyped-call]
            function=indexed, protos=_PROTOS
        )
        bindings = tuple(_resolved(binding.get_dict_repr()) for binding in indexed.get_bindings())
        trigger = _resolved(indexed.get_trigger().get_dict_repr())
        if not _disabled(info.name):
            retry = bool(indexed.get_settings_dict(RETRY_POLICY))
            yield Function(info.name, info.function_id, trigger, bindings, retry)


def _resolved(binding: dict[str, Any]) -> dict[str, Any]:
    return {key: resolve(value, os.environ) if isinstance(value, str) else value for key, value in binding.items()}


def _disabled(name: str) -> bool:
    setting = os.environ.get(f"AzureWebJobs.{name}.Disabled", os.environ.get(f"AzureWebJobs_{name}_Disabled"))
    return (setting or "").lower() in {"1", "true"}
