"""Which mappings may be given back: unchanged pages of files, nothing else."""

import ctypes
import os
import subprocess
import sys

from wattos_platform.kernel.process.trim import clean_file_mappings

SMAPS = """\
7f0000000000-7f0000002000 r-xp 00000000 fe:01 1234                       /usr/lib/libx.so
Size:                  8 kB
Private_Dirty:         0 kB
Anonymous:             0 kB
7f0000002000-7f0000003000 r--p 00002000 fe:01 1234                       /usr/lib/libx.so (relocated)
Anonymous:             4 kB
7f0000003000-7f0000004000 rw-p 00003000 fe:01 1234                       /usr/lib/libx.so
Anonymous:             0 kB
7f0000004000-7f0000008000 r--p 00000000 00:00 0
Anonymous:             0 kB
7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
7f0000010000-7f0000011000 r--p 00000000 fe:01 99                         /usr/share/with space
Anonymous:             0 kB
"""


def test_only_unchanged_pages_of_files_qualify() -> None:
    assert clean_file_mappings(SMAPS.splitlines()) == [(0x7F0000000000, 0x2000), (0x7F0000010000, 0x1000)]


def test_a_process_goes_on_after_giving_back() -> None:
    code = (
        "import ssl, sqlite3, json\n"
        "from wattos_platform.kernel.process.trim import give_back_heap, give_back_library_pages\n"
        "give_back_library_pages(); give_back_heap(); give_back_library_pages()\n"
        "import decimal, zlib\n"
        "print(sqlite3.connect(':memory:').execute('select 1+1').fetchone(), ssl.create_default_context())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(2,)")
    assert ctypes.sizeof(ctypes.c_void_p) == 8, "addresses above are those of a 64-bit process"
