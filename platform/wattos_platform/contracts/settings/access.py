"""Who may call, from where and how often."""

from pathlib import Path

from pydantic import SecretStr

from wattos_platform.contracts.settings.variable import Group, variable


class AccessSettings(Group):
    """Tokens, keys, origins, and limits of requests."""

    jwt_secret: SecretStr | None = variable(
        "JWT_SECRET", default=None, min_length=32, description="HS256 secret of the gateway."
    )
    jwt_secret_file: Path | None = variable(
        "WATTOS_JWT_SECRET_FILE", "JWT_SECRET_FILE", default=None, description="File that holds it."
    )
    jwt_issuer: str = variable(
        "WATTOS_JWT_ISSUER", default="wattos", min_length=1, description="Issuer (iss) of tokens."
    )
    jwt_audience: str = variable(
        "WATTOS_JWT_AUDIENCE", default="wattos", min_length=1, description="Audience (aud) of tokens."
    )
    identity_key_file: Path | None = variable(
        "WATTOS_IDENTITY_KEY_FILE", default=None, description="Key that signs hops."
    )
    operator_token_file: Path | None = variable(
        "WATTOS_OPERATOR_TOKEN_FILE", default=None, description="Token of /admin/*."
    )
    allowed_origins: str = variable(
        "ALLOWED_ORIGINS", default="", description="CORS allow-list, comma separated."
    )
    trusted_proxies: str = variable(
        "WATTOS_TRUSTED_PROXIES", default="", description="Addresses whose X-Forwarded-For counts."
    )
    rate_limit: str = variable(
        "RATE_LIMIT", default="100r/m", pattern=r"^\d+r/[smhd]$", description="Requests per user."
    )
    tenant_rate_limit: str = variable(
        "WATTOS_TENANT_RATE_LIMIT",
        default="1000r/m",
        pattern=r"^\d+r/[smhd]$",
        description="Requests per tenant.",
    )
    ip_rate_limit: str = variable(
        "WATTOS_IP_RATE_LIMIT",
        default="60r/m",
        pattern=r"^\d+r/[smhd]$",
        description="Requests without identity, per address.",
    )
