"""Every setting of wattos.toml, the source of `wattos config schema` and of the reference."""

from collections.abc import Mapping

from wattos_cli.config.fields import Field

# Under this name services read it, too.
OTEL_GENAI = "WATTOS_OTEL_GENAI"

# Settings of the command line itself. A `*` in a key stands for a name that the user chooses.
FIELDS: tuple[Field, ...] = (
    Field(
        "port_offset",
        "offset",
        0,
        "Shifts every default port, so that two projects run side by side; a multiple of 100.",
        env="WATTOS_PORT_OFFSET",
    ),
    Field("env.file", "string", None, "File with NAME=value lines, read before the services start."),
    Field("env.set", "texts", {}, "Variables given to every service."),
    Field(
        "up.timeout",
        "duration",
        60.0,
        "How long `up` waits for readiness, in seconds.",
        env="WATTOS_UP_TIMEOUT",
    ),
    Field(
        "up.with",
        "strings",
        (),
        "What else `up` starts: simulator, redis, prometheus, alertmanager.",
        env="WATTOS_UP_WITH",
    ),
    Field(
        "up.start",
        "string",
        "fork",
        "How services start: `fork` from a preloaded process, or `exec`.",
        env="WATTOS_SPAWN",
        choices=("fork", "exec"),
    ),
    Field("metrics.enabled", "boolean", True, "Whether the metrics of every service are kept."),
    Field(
        "metrics.scrape_interval",
        "period",
        5.0,
        "How often they are fetched, in seconds; at least 1.",
        env="WATTOS_SCRAPE_INTERVAL",
    ),
    Field("metrics.retention", "period", 86_400.0, "How long samples are kept, in seconds."),
    Field(
        "metrics.max_size_mb", "count", 200, "How much they may take on disk, in MiB; the oldest go first."
    ),
    Field(
        "metrics.otel_genai",
        "boolean",
        False,
        "Counts calls to models under OpenTelemetry's names (`gen_ai_*`), too.",
        env=OTEL_GENAI,
    ),
    Field(
        "alerts.slo_file",
        "string",
        None,
        "File with objectives and thresholds of your own, in place of the bundled ones.",
    ),
    Field(
        "alerts.webhook_url_file",
        "string",
        None,
        "File that holds the URL to which Alertmanager sends what fires and what is over.",
    ),
    Field(
        "alerts.time_scale",
        "count",
        1,
        "Divides every window and wait of the alerts: 60 proves within a minute that they fire.",
        env="WATTOS_ALERTS_TIME_SCALE",
    ),
    Field("ports.*", "port", None, "Port of a bundled service or component, in place of the catalog's."),
    Field("scale.*", "count", 1, "Number of replicas of a service."),
    Field(
        "llm.providers",
        "strings",
        (),
        "Model providers to use, in the order of fallback. Empty: answers come from your documents alone.",
        env="WATTOS_LLM_PROVIDERS",
    ),
    Field(
        "llm.aliases.*",
        "strings",
        (),
        'A model name of your own and what it means: `fast = ["openai/gpt-4o-mini", "ollama/llama3.2"]`.',
    ),
    Field(
        "llm.provider.*.kind",
        "string",
        "openai",
        "Wire format of the provider. A bundled provider has its own; any other is OpenAI-compatible.",
        choices=("openai", "azure", "anthropic", "google", "ollama"),
    ),
    Field("llm.provider.*.base_url", "string", None, "Address of the provider's API."),
    Field(
        "llm.provider.*.api_version",
        "string",
        None,
        "Version of the API: Azure's `v1` or a date; the date in Anthropic's header.",
    ),
    Field(
        "llm.provider.*.deployments",
        "texts",
        {},
        'What Azure calls each model: `deployments = { "gpt-4o-mini" = "my-deployment" }`.',
    ),
    Field("llm.provider.*.api_key_env", "string", None, "Variable that holds the provider's key."),
    Field("llm.provider.*.models", "strings", (), "Models that the provider serves."),
    Field("llm.provider.*.default_model", "string", None, "Model used for the alias `default`."),
)

# A service in [services.NAME]; a bundled one takes those marked with it in BUNDLED.
SERVICE_FIELDS: tuple[Field, ...] = (
    Field("enabled", "boolean", True, "false leaves the service out of `up`."),
    Field("command", "strings", (), 'Program and arguments, for example ["python", "-m", "my_service"].'),
    Field("url", "string", None, "Address of a service that runs already; it is only attached."),
    Field("port", "port", None, "Port the service listens on; given to it as PORT."),
    Field("health", "string", None, "Path or URL that answers 2xx when the service is ready."),
    Field("metrics", "string", None, "Path or URL of its Prometheus metrics."),
    Field("log_file", "string", None, "File the service logs to, when it does not log to stdout."),
    Field("depends_on", "strings", (), "Services that must be ready before it starts."),
    Field("env", "texts", {}, "Variables given to this service alone."),
    Field("cwd", "string", None, "Folder it runs in, relative to wattos.toml."),
    Field("oneshot", "boolean", False, "It runs once; exit 0 means ready."),
)
# One table of [[llm.prices]].
PRICE_FIELDS: tuple[Field, ...] = (
    Field("provider", "string", None, "Provider, as it is named in `[llm] providers`."),
    Field("model", "string", None, 'Model, with or without its build; `"*"` is every model of the provider.'),
    Field("input", "price", None, "US dollars per million tokens of the prompt."),
    Field("output", "price", None, "US dollars per million tokens of the answer; `0` for embeddings."),
    Field("cached_input", "price", None, "For tokens read from the provider's cache; else as `input`."),
    Field("cache_write", "price", None, "For tokens written to the provider's cache; else as `input`."),
    Field("cache_write_1h", "price", None, "For those kept an hour; else as `cache_write`."),
    Field("reasoning", "price", None, "For tokens spent on reasoning; else as `output`."),
    Field("since", "day", None, "First day it holds, in UTC; else it always did."),
    Field("above", "count", None, "Only for prompts of more tokens than this."),
)
BUNDLED = frozenset({"enabled", "port", "env"})

# Secrets whose seed names are read from the environment; each also as WATTOS_<NAME> and as <NAME>_FILE.
SECRETS: tuple[str, ...] = (
    "OPENAI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "JWT_SECRET",
    "DATABASE_URL",
    "REDIS_URL",
)

# Providers that work by their name alone, and the variables that may hold the key of each that needs one.
PROVIDERS = frozenset({"openai", "azure", "anthropic", "google", "ollama", "local"})
PROVIDER_KEYS: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "azure": ("AZURE_OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
}
# Of these, the variables that hold what one has none of by itself: an address, a model for `default`.
PROVIDER_ADDRESSES: Mapping[str, str] = {"azure": "AZURE_OPENAI_ENDPOINT"}
PROVIDER_MODELS: Mapping[str, tuple[str, ...]] = {
    "azure": ("AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_DEPLOYMENT_NAME")
}

# Models that are always there: the alias that every chain ends for, and those of `local`.
LOCAL_MODELS = frozenset({"default", "wattos-extractive", "wattos-minilm"})

# Settings of the services that the supervisor decides; they have no place in [settings].
NOT_SETTABLE = frozenset(
    {
        "host", "port", "http_fd", "ops_socket", "ops_port", "replica", "data_dir", "run_dir", "log_file",
        "config_file", "identity_key_file", "operator_token_file", "otel_genai",
    }
)  # fmt: skip
