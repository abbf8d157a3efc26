"""The command of a process as one line."""

import subprocess
import sys

from wattos_cli.supervisor import process_table


def test_a_command_of_several_lines_is_one() -> None:
    program = [sys.executable, "-S", "-c", "import sys\nprint('up', flush=True)\nsys.stdin.read()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        told = process_table.command_line(process.pid)
        process.communicate(timeout=60)
    assert told.endswith("-S -c import sys print('up', flush=True) sys.stdin.read()")
