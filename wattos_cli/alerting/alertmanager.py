"""The Alertmanager's configuration: who hears of what, and what stays silent because worse is told already.

Addresses that are secrets stay in files of their own, which Alertmanager reads; none stands in here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattos_cli.alerting.windows import scaled

CRITICAL, PLATFORM, MODELS, QUIET = "critical", "platform", "models", "quiet"
RECEIVERS = (CRITICAL, PLATFORM, MODELS, QUIET)


@dataclass(frozen=True, slots=True)
class Mail:
    """Whom to write to, as whom, and through which server (`host:port`); the password stands in a file."""

    to: str
    sender: str
    smarthost: str
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class Slack:
    """The channel, and the file that holds the address of the incoming webhook."""

    channel: str
    url_file: str


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where every receiver sends to; with none of them alerts are only shown.

    `webhook_url` is for a file that nobody else may read; `webhook_url_file` needs Alertmanager 0.26.
    """

    webhook_url: str = ""
    webhook_url_file: str = ""
    slack: Slack | None = None
    mail: Mail | None = None


def configuration(to: Destinations | None = None, time_scale: float = 1.0) -> dict[str, Any]:
    """Return the configuration; `time_scale` divides every wait."""
    sent = _sent(to or Destinations())
    return {
        "route": _routes(time_scale),
        "inhibit_rules": _inhibitions(),
        "receivers": [{"name": name, **sent} for name in RECEIVERS],
    }


def _routes(scale: float) -> dict[str, Any]:
    return {
        "receiver": PLATFORM,
        "group_by": ["alertname", "job"],
        **_waits("30s", "5m", "4h", scale),
        "routes": [
            {"matchers": ['severity="critical"'], "receiver": CRITICAL, **_waits("10s", "1m", "1h", scale)},
            {"matchers": ['severity="info"'], "receiver": QUIET, **_waits("5m", "1h", "1d", scale)},
            {"matchers": ['team="models"'], "receiver": MODELS},
        ],
    }


def _waits(group_wait: str, group_interval: str, repeat: str, scale: float) -> dict[str, str]:
    return {
        "group_wait": scaled(group_wait, scale),
        "group_interval": scaled(group_interval, scale),
        "repeat_interval": scaled(repeat, scale),
    }


def _inhibitions() -> list[dict[str, Any]]:
    """Return which alert explains which others of the same service."""
    return [
        _inhibition('alertname="ServiceDown"', 'alertname!="ServiceDown"', "job"),
        # Labels that both lack are equal; a critical budget silences the slower warnings of its objective.
        _inhibition('severity="critical"', 'severity=~"warning|info"', "job", "slo"),
        _inhibition(
            'alertname=~"BudgetBurnFast|BudgetBurnSteady"',
            'alertname=~"HighErrorRate|HighResponseTime"',
            "job",
        ),
    ]


def _inhibition(source: str, target: str, *equal: str) -> dict[str, Any]:
    return {"source_matchers": [source], "target_matchers": [target], "equal": list(equal)}


def _sent(to: Destinations) -> Mapping[str, Any]:
    sent: dict[str, Any] = {}
    if to.webhook_url or to.webhook_url_file:
        address = {"url": to.webhook_url} if to.webhook_url else {"url_file": to.webhook_url_file}
        sent["webhook_configs"] = [{**address, "send_resolved": True}]
    if to.slack:
        channel = {"channel": to.slack.channel, "api_url_file": to.slack.url_file}
        sent["slack_configs"] = [{**channel, "send_resolved": True}]
    if to.mail:
        login = {"auth_username": to.mail.sender, "auth_password_file": to.mail.password_file}
        sent["email_configs"] = [
            {
                "to": to.mail.to,
                "from": to.mail.sender,
                "smarthost": to.mail.smarthost,
                **(login if to.mail.password_file else {}),
                "send_resolved": True,
            }
        ]
    return sent
