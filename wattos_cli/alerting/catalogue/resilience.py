"""Alerts about what keeps the platform going while something is broken."""

from wattos_cli.alerting.alert import Alert, Case, Fired, RuleContext, Severity

_TEAM = "platform"
_BOARD = "wattos-resilience"
_BREAKER = 'circuit_breaker_state{job="llm-gateway",instance="llm-gateway-0",name="llm:openai",state="%s"}'
_WITHOUT = 'degraded_total{job="chat",instance="chat-0",dependency="rag"}'
_CHECK = 'health_check_up{job="rag",instance="rag-0",check="llm-gateway"}'
_LIMIT = 'rate_limit_decisions_total{job="gateway",instance="gateway-0",limit="user",decision="%s"}'
_SHED = 'shed_total{job="llm-gateway",instance="llm-gateway-0",target="llm:openai"}'
_OPENAI = {"job": "llm-gateway", "name": "llm:openai"}


def _breaker_open(_scene: RuleContext) -> str:
    # Half open is a probe of the same outage.
    return 'max by (job, name) (circuit_breaker_state{state=~"open|half_open"}) == 1'


def _breaker_forced(_scene: RuleContext) -> str:
    return 'max by (job, name) (circuit_breaker_state{state="forced_open"}) == 1'


def _degraded(context: RuleContext) -> str:
    return f"sum by (job, dependency) (increase(degraded_total[{context.span('5m')}])) > 0"


def _dependency_down(_scene: RuleContext) -> str:
    return "max by (job, check) (health_check_up) == 0"


def _rate_limits(context: RuleContext) -> str:
    span, limits, by = context.span("5m"), context.thresholds, "sum by (job, limit)"
    decided = f'rate_limit_decisions_total{{decision=~"allowed|refused"}}[{span}]'
    return (
        f'{by} (rate(rate_limit_decisions_total{{decision="refused"}}[{span}]))\n'
        f"/ {by} (rate({decided})) > {limits.refused_rate:g}\n"
        f"and {by} (increase({decided})) >= {limits.min_events}"
    )


def _shed(context: RuleContext) -> str:
    span, least = context.span("5m"), context.thresholds.min_events
    return f"sum by (job, target) (increase(shed_total[{span}])) >= {least}"


ALERTS: tuple[Alert, ...] = (
    Alert(
        "BreakerOpen",
        Severity.WARNING,
        _TEAM,
        _breaker_open,
        summary="The breaker {{ $labels.name }} of {{ $labels.job }} is open",
        description="{{ $labels.job }} does not ask {{ $labels.name }}, because too many calls failed.",
        board=_BOARD,
        for_="1m",
        fires=(
            Case(
                "open, then probing",
                {_BREAKER % "open": "0x4 1x8 0x2 1x20", _BREAKER % "half_open": "0x13 1x2 0x20"},
                "4m",
                [Fired(_OPENAI)],
            ),
        ),
        silent=(
            Case("closed", {_BREAKER % "closed": "1x30", _BREAKER % "open": "0x30"}, "5m"),
            Case("open for half a minute", {_BREAKER % "open": "0x4 1x2 0x30"}, "1m45s"),
        ),
    ),
    Alert(
        "BreakerForcedOpen",
        Severity.INFO,
        _TEAM,
        _breaker_forced,
        summary="The breaker {{ $labels.name }} of {{ $labels.job }} is still tripped by hand",
        description="Somebody tripped {{ $labels.name }} of {{ $labels.job }}; nothing is asked of it.",
        board=_BOARD,
        for_="1h",
        fires=(Case("tripped", {_BREAKER % "forced_open": "1x100"}, "90m", [Fired(_OPENAI)], "1m"),),
        silent=(
            Case("tripped for half an hour", {_BREAKER % "forced_open": "1x30 0x100"}, "30m", every="1m"),
        ),
    ),
    Alert(
        "Degraded",
        Severity.WARNING,
        _TEAM,
        _degraded,
        summary="{{ $labels.job }} answers without {{ $labels.dependency }}",
        description="{{ $value | humanize }} answers of {{ $labels.job }} within five minutes went without "
        "{{ $labels.dependency }}.",
        board=_BOARD,
        for_="5m",
        fires=(
            Case(
                "answers without passages",
                {_WITHOUT: "0+1x80"},
                "15m",
                [Fired({"job": "chat", "dependency": "rag"}, "20")],
            ),
        ),
        silent=(
            Case("one answer", {_WITHOUT: "0x10 1x80"}, "15m"),
            Case("not yet as long as it waits", {_WITHOUT: "0+1x80"}, "4m"),
        ),
    ),
    Alert(
        "DependencyDown",
        Severity.WARNING,
        _TEAM,
        _dependency_down,
        summary="{{ $labels.job }} cannot reach {{ $labels.check }}",
        description="The health check {{ $labels.check }} of {{ $labels.job }} fails.",
        board=_BOARD,
        for_="5m",
        fires=(
            Case(
                "the check fails",
                {_CHECK: "1x4 0x60"},
                "10m",
                [Fired({"job": "rag", "check": "llm-gateway"})],
            ),
        ),
        silent=(
            Case("it failed for a minute", {_CHECK: "1x10 0x4 1x60"}, "10m"),
            Case("not yet as long as it waits", {_CHECK: "1x4 0x60"}, "5m"),
        ),
    ),
    Alert(
        "RateLimitPressure",
        Severity.INFO,
        _TEAM,
        _rate_limits,
        summary="The limit {{ $labels.limit }} refuses many requests",
        description="{{ $value | humanizePercentage }} of what {{ $labels.limit }} limits is refused.",
        board=_BOARD,
        for_="10m",
        fires=(
            Case(
                "a fifth is refused",
                {_LIMIT % "allowed": "0+1.6x120", _LIMIT % "refused": "0+0.4x120"},
                "25m",
                [Fired({"job": "gateway", "limit": "user"}, "20%")],
            ),
        ),
        silent=(
            Case(
                "one in twenty is refused",
                {_LIMIT % "allowed": "0+19x120", _LIMIT % "refused": "0+1x120"},
                "25m",
            ),
            Case(
                "half is refused, of hardly anything",
                {_LIMIT % "allowed": "0+0.4x120", _LIMIT % "refused": "0+0.4x120"},
                "25m",
            ),
            Case(
                "not yet as long as it waits",
                {_LIMIT % "allowed": "0+1.6x120", _LIMIT % "refused": "0+0.4x120"},
                "9m",
            ),
            Case(
                "a limit that is only tried out",
                {_LIMIT % "allowed": "0+8x120", _LIMIT % "shadow_refused": "0+8x120"},
                "25m",
            ),
        ),
    ),
    Alert(
        "RequestsShed",
        Severity.WARNING,
        _TEAM,
        _shed,
        summary="{{ $labels.job }} refuses calls of {{ $labels.target }} for want of places",
        description="{{ $value | humanize }} calls of {{ $labels.target }} were shed within five minutes.",
        board=_BOARD,
        for_="5m",
        fires=(
            Case(
                "forty within five minutes",
                {_SHED: "0+2x80"},
                "15m",
                [Fired({"job": "llm-gateway", "target": "llm:openai"}, "40")],
            ),
        ),
        silent=(
            Case("fifteen within five minutes", {_SHED: "0+0.75x80"}, "15m"),
            Case("not yet as long as it waits", {_SHED: "0+2x80"}, "6m"),
        ),
    ),
)
