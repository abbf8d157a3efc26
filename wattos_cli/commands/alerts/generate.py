"""`wattos alerts generate`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from wattos_cli.commands.alerts.scale import check_time_scale
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, usage
from wattos_cli.generated import FOLDER
from wattos_cli.parameters import Option

if TYPE_CHECKING:
    from wattos_cli.alerting.alertmanager import Destinations


@dataclass(frozen=True)
class Sending:
    """Where alerts are sent to: files that hold a secret address, a channel, and mail."""

    webhook_url_file: str = ""
    slack_url_file: str = ""
    slack_channel: str = ""
    email_to: str = ""
    email_from: str = ""
    smarthost: str = ""
    email_password_file: str = ""


@dataclass(frozen=True)
class Options:
    """Where the files go, what they are made of, and where alerts point to and are sent to."""

    out: Path = FOLDER
    slo: Path | None = None
    time_scale: int = 1
    runbooks: str = ""
    grafana: str = ""
    sending: Sending = field(default_factory=Sending)


def run(opts: Options, deps: Deps) -> ExitCode:
    """Write every file that differs, and name them."""
    from wattos_cli import generated
    from wattos_cli.alerting.files import files_for
    from wattos_cli.alerting.rules import RUNBOOKS, Links
    from wattos_cli.alerting.slo import slos_of
    from wattos_cli.clients.running import project_of
    from wattos_cli.config import load

    check_time_scale(opts.time_scale)
    config = load(project_of(deps).root, deps.environ)
    book = slos_of(config, None if opts.slo is None else deps.cwd / opts.slo)
    links = Links(opts.runbooks or RUNBOOKS, opts.grafana)
    files = files_for(book, opts.time_scale, links, _destinations(opts.sending))
    code = generated.generate(deps, "wattos.alerts-generate/v1", opts.out, files)
    if opts.sending.webhook_url_file:
        deps.console.note("url_file of a webhook needs Alertmanager 0.26 or newer")
    return code


def _destinations(sending: Sending) -> "Destinations":
    """Return the destinations; WattosError (usage) for half of one."""
    from wattos_cli.alerting.alertmanager import Destinations, Mail, Slack

    if bool(sending.slack_url_file) != bool(sending.slack_channel):
        raise usage("Slack needs both", "--slack-url-file FILE --slack-channel '#ops'")
    mail = (sending.email_to, sending.email_from, sending.smarthost)
    if any(mail) != all(mail) or (sending.email_password_file and not all(mail)):
        raise usage("mail needs all three", "--email-to WHOM --email-from WHO --smarthost HOST:PORT")
    return Destinations(
        webhook_url_file=sending.webhook_url_file,
        slack=Slack(sending.slack_channel, sending.slack_url_file) if sending.slack_url_file else None,
        mail=Mail(*mail, sending.email_password_file) if all(mail) else None,
    )


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos alerts generate`."""

    def generate(
        deps: Deps,
        *,
        out: Annotated[Path, Option("--out", metavar="DIR", help="Folder to write to.")] = FOLDER,
        slo: Annotated[
            Path | None, Option("--slo", metavar="FILE", help="Objectives and thresholds of your own.")
        ] = None,
        time_scale: Annotated[
            int, Option("--time-scale", help="Divides every window and wait, for a rehearsal.")
        ] = 1,
        runbooks: Annotated[
            str, Option("--runbooks", metavar="URL", help="Where your team reads the runbooks.")
        ] = "",
        grafana: Annotated[
            str, Option("--grafana", metavar="URL", help="Grafana's address, for links.")
        ] = "",
        webhook_url_file: Annotated[
            str, Option("--webhook-url-file", metavar="FILE", help="Holds a webhook's URL.")
        ] = "",
        slack_url_file: Annotated[
            str, Option("--slack-url-file", metavar="FILE", help="Holds a Slack webhook's URL.")
        ] = "",
        slack_channel: Annotated[str, Option("--slack-channel", metavar="NAME", help="Its channel.")] = "",
        email_to: Annotated[str, Option("--email-to", metavar="WHOM", help="Who gets mail.")] = "",
        email_from: Annotated[str, Option("--email-from", metavar="WHO", help="From whom.")] = "",
        smarthost: Annotated[
            str, Option("--smarthost", metavar="HOST:PORT", help="Through which server.")
        ] = "",
        email_password_file: Annotated[
            str, Option("--email-password-file", metavar="FILE", help="Holds that server's password.")
        ] = "",
    ) -> ExitCode:
        """Write Prometheus' rules and Alertmanager's configuration, from objectives and the table of alerts.

        rules.yml and alerts.yml go into `rule_files`. FILEs are read by Alertmanager, on its machine: no
        secret stands in what is written. The alerts' tests for promtool come along for the bundled
        objectives, whose figures they use.

        Examples:
          wattos alerts generate
          wattos alerts generate --out /etc/prometheus/wattos --slo slo.yaml
          wattos alerts generate --slack-url-file /etc/alertmanager/slack.url --slack-channel '#ops'
        """
        sending = Sending(
            webhook_url_file,
            slack_url_file,
            slack_channel,
            email_to,
            email_from,
            smarthost,
            email_password_file,
        )
        return run(Options(out, slo, time_scale, runbooks, grafana, sending), deps)

    return generate
