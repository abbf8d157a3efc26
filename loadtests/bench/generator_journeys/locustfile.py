"""The journey under Locust."""

from journeys import JOURNEYS

from wattos_cli.loadtest.locust_side.users import user_classes

globals().update(user_classes(JOURNEYS))
