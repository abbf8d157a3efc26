"""POST /admin/reload: the service reads its generated configuration again, without a restart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.contracts.settings import SettingsError
from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.bootstrap import read_config
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.runtime import Runtime


class Applied(NamedTuple):
    """The names of what changed, and what of the configuration in force cannot work yet, in words."""

    changed: Sequence[str]
    problems: Sequence[str] = ()


# Uses a configuration from now on; SettingsError leaves all as it was.
Apply = Callable[[Mapping[str, Any]], Applied]


def reload_route(runtime: Runtime, apply: Apply) -> Route:
    """Return the admin route: 200 with what was applied, 422 with the reason while the old one stays."""

    async def reload(_request: Request) -> Response:
        try:
            applied = apply(read_config(runtime.settings.config_file))
        except SettingsError as error:
            refusal = f"The old configuration stays in force: {error}"
            runtime.log.warning("configuration.refused", message=refusal)
            raise ServiceError(422, "configuration_invalid", refusal) from None
        told = ", ".join(applied.changed) or "nothing"
        runtime.log.info("configuration.reloaded", message=f"Changed: {told}.", changed=list(applied.changed))
        return json_answer(applied._asdict())

    return Route("/admin/reload", reload, methods=["POST"])
