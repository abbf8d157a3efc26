"""The bundled services. They never import each other."""
