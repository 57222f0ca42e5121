"""Whose code is it: the user's own, which travels by value, or an installed library's, which does not?"""

import importlib.util
import os
import site
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType

_OWN_NAME = __name__.partition(".")[0]
_libraries: dict[str, ModuleType] = {}  # by name, modules that were found not to be the user's


def is_users_own(module: ModuleType) -> bool:
    """Return whether a module lies outside site-packages, the standard library and explorekit itself."""
    return _is_own(module.__name__, getattr(module, "__file__", None))


def users_modules() -> list[ModuleType]:
    """Return the loaded modules that are the user's own, but for ``__main__``."""
    unknown = [(n, m) for n, m in list(sys.modules.items()) if _libraries.get(n) is not m]
    modules = [(n, m) for n, m in unknown if isinstance(m, ModuleType) and n != "__main__"]
    _libraries.update((n, m) for n, m in modules if not is_users_own(m))
    return [m for n, m in modules if _libraries.get(n) is not m]


def users_source(name: str) -> str | None:
    """Return the source in the file of one of the user's modules, or None if it is not theirs."""
    if name.partition(".")[0] in {*sys.stdlib_module_names, _OWN_NAME}:
        return None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py") or _is_installed(spec.origin):
        return None
    try:
        return Path(spec.origin).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


@cache  # asked of each of a thousand modules, again and again
def _is_own(name: str, file: str | None) -> bool:
    top = name.partition(".")[0]
    if top == "__main__":
        return True
    if top in sys.stdlib_module_names or top == _OWN_NAME:
        return False
    return file is not None and not _is_installed(file)


def _is_installed(file: str) -> bool:
    return file.startswith(_library_folders()) or _is_library_folder(Path(file).parent)


@cache
def _is_library_folder(folder: Path) -> bool:
    return f"{folder.resolve()}{os.sep}".startswith(_library_folders())


@cache
def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages()}
    folders |= {str(Path(folder).resolve()) for folder in folders}
    return tuple(folder + os.sep for folder in folders)
