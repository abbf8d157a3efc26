"""The database layer: SQLite by default, migrations, one batching writer per process.

Imports nothing: `migrate` must not pay for SQLAlchemy when there is nothing to do.
"""
