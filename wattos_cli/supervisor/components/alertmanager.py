"""What `alertmanager` is started with: who hears of an alert, and after which waits."""

import json
from collections.abc import Mapping
from typing import Any

from wattos_cli.supervisor.components import webhook
from wattos_cli.supervisor.components.setting import Setting


def files(setting: Setting) -> Mapping[str, str]:
    """Return alertmanager.yml by its name. It is JSON, which YAML contains."""
    scale = setting.config.setting("alerts.time_scale").value
    url = webhook.url(setting.config)
    receiver: dict[str, Any] = {"name": "webhook"}
    if url:
        receiver["webhook_configs"] = [{"url": url, "send_resolved": True}]
    document = {
        "route": {
            "receiver": "webhook",
            "group_by": ["alertname", "job"],
            "group_wait": f"{30_000 // scale}ms",
            "group_interval": f"{300_000 // scale}ms",
            "repeat_interval": "4h",
        },
        "receivers": [receiver],
    }
    return {"alertmanager.yml": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}
