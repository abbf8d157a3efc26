"""The journeys of the platform's load tests as users of Locust, under the same names; plain Locust.

    locust -f loadtests/locustfile.py Chat --host http://127.0.0.1:3001    # with WATTOS_TOKEN set
    wattos loadtest chat                                                   # with tokens, thresholds, reports

Which of them a scenario uses, how many, for how long and what must hold, is in thresholds.toml.
"""

from journeys import JOURNEYS

from wattos_cli.loadtest.locust_side.users import user_classes

globals().update(user_classes(JOURNEYS))
