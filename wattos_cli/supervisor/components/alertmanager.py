"""What `alertmanager` is started with: who hears of an alert, and after which waits."""

import json
from collections.abc import Mapping

from wattos_cli.supervisor.components import webhook
from wattos_cli.supervisor.components.setting import Setting


def files(setting: Setting) -> Mapping[str, str]:
    """Return alertmanager.yml by its name. It is JSON, which YAML contains."""
    from wattos_cli.alerting.alertmanager import Destinations, configuration

    to = Destinations(webhook_url=webhook.url(setting.config))
    document = configuration(to, setting.config.setting("alerts.time_scale").value)
    return {"alertmanager.yml": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}
