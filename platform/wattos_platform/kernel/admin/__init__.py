"""/admin/*: how an operator steers one replica; only on the operations listener, only with its token."""

from wattos_platform.kernel.admin.routes import admin_routes

__all__ = ["admin_routes"]
