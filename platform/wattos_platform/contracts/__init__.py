"""Pure data shared by the CLI and the services: wire shapes, settings models, the metric registry."""
