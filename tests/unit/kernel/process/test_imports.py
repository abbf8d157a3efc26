"""Lean imports: what no service uses is not imported, and the collector waits until a service is ready."""

import json
import subprocess
import sys

PROGRAM = """
import gc, json, sys
from wattos_platform.kernel.process.imports import import_lean
import_lean()
collecting = gc.isenabled()
import wattos_platform.kernel.logging, wattos_platform.kernel.db.database, jwt
unused = {"rich.console", "cryptography.hazmat", "sqlalchemy.orm"}
print(json.dumps([collecting, sorted(set(sys.modules) & unused)]))
"""


def test_what_no_service_uses_is_not_imported() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [False, []]
