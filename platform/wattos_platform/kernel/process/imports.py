"""How services are imported: without what they never use, and with the collector out of the way."""

import gc
import sys
from collections.abc import MutableMapping
from types import ModuleType
from typing import Any

# structlog imports rich for tracebacks in colour, which no service prints; PyJWT imports cryptography for
# algorithms that the gateway refuses (it is there for PDFs, which a process of its own reads). Together they
# are 100 ms and 8 MB for nothing.
UNUSED = ("rich", "cryptography")
# Parts that their package imports by itself: sessions bring SQLAlchemy's whole object mapper, 41 modules and
# 6 MB, for statements that are all written in its Core.
UNUSED_PARTS = ("sqlalchemy.ext.asyncio.session", "sqlalchemy.ext.asyncio.scoping")


class Absent(ModuleType):
    """Stands for a module that is not loaded; every name in it is None."""

    def __getattr__(self, name: str) -> None:
        """Return None for a name, AttributeError for what only the import system asks for."""
        if name.startswith("__"):
            raise AttributeError(name)


def import_lean() -> None:
    """Make imports from now on do without what is unused, and stop the collector until they are done.

    Imports make objects that stay: to look through them again and again takes a quarter of the time.
    """
    gc.disable()
    modules: MutableMapping[str, Any] = sys.modules
    for name in UNUSED:
        modules.setdefault(name, None)
    for name in UNUSED_PARTS:
        modules.setdefault(name, Absent(name))
