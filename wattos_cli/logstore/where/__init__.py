"""The `--where` language: `FIELD OP VALUE` with `and or not ( )`; parsed once, asked of each record."""

from wattos_cli.logstore.where.parser import parse
from wattos_cli.logstore.where.tokens import WhereError
from wattos_cli.logstore.where.tree import Expression

__all__ = ["Expression", "WhereError", "parse"]
