"""The bundled AI platform: contracts, catalog, kernel and services."""

__version__ = "0.1.0"
