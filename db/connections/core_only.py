"""SQLAlchemy's asynchronous engine without its ORM, which takes 7 MB of memory in each process and is not used here.

The package `sqlalchemy.ext.asyncio` imports the ORM for its sessions.
"""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any, Final

_PACKAGE: Final = "sqlalchemy.ext.asyncio"
_OF_ENGINE: Final = ("AsyncConnection", "AsyncEngine", "create_async_engine")


def defer_orm() -> None:
    """Import the package with only its engine. The rest of it is imported as soon as some other name is used."""
    spec = find_spec(_PACKAGE)
    if _PACKAGE in sys.modules or spec is None or spec.loader is None:
        return
    loader, package = spec.loader, module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    # A finished import also sets the module as an attribute of its parent.
    vars(sys.modules["sqlalchemy.ext"])["asyncio"] = package
    engine = import_module(f"{_PACKAGE}.engine")

    def load(name: str) -> Any:
        if name.startswith("__"):  # inspection, which uses nothing
            raise AttributeError(name)
        del package.__getattr__
        loader.exec_module(package)
        return getattr(package, name)

    vars(package).update({name: getattr(engine, name) for name in _OF_ENGINE}, __getattr__=load)
