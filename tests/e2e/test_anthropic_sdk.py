"""Anthropic's official SDK against the gateway, set up by `wattos env` as its users would."""

from collections.abc import Iterator

import anthropic
import pytest

from tests.fakes.project.running import RunningProject

pytestmark = pytest.mark.e2e
QUESTION: list[anthropic.types.MessageParam] = [{"role": "user", "content": "Is anybody there?"}]


@pytest.fixture(scope="module")
def sdk(standing: RunningProject) -> Iterator[anthropic.Anthropic]:
    made = standing.wattos("env")
    assert made.returncode == 0, made.stderr
    variables = dict(line.removeprefix("export ").split("=", 1) for line in made.stdout.splitlines())
    base_url, api_key = variables["ANTHROPIC_BASE_URL"], variables["ANTHROPIC_API_KEY"]
    with anthropic.Anthropic(base_url=base_url, api_key=api_key, max_retries=0) as client:
        yield client


def test_a_message_is_answered(sdk: anthropic.Anthropic) -> None:
    answer = sdk.messages.create(model="default", max_tokens=200, messages=QUESTION)
    assert (answer.model, answer.stop_reason) == ("wattos-extractive", "end_turn")
    assert answer.content[0].type == "text"
    assert answer.usage.output_tokens > 0
    assert answer._request_id


def test_a_stream_is_the_same_answer_in_pieces(sdk: anthropic.Anthropic) -> None:
    whole = sdk.messages.create(model="default", max_tokens=200, messages=QUESTION)
    with sdk.messages.stream(model="default", max_tokens=200, messages=QUESTION) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(texts) > 1
    assert "".join(texts) == whole.content[0].to_dict()["text"]
    assert final.to_dict()["content"][0].items() >= whole.content[0].to_dict().items()
    assert final.usage == whole.usage


def test_tokens_are_counted(sdk: anthropic.Anthropic) -> None:
    assert sdk.messages.count_tokens(model="default", messages=QUESTION).input_tokens > 0


def test_x_api_key_is_a_credential(standing: RunningProject, sdk: anthropic.Anthropic) -> None:
    headers = {"x-api-key": str(sdk.api_key), "Authorization": anthropic.omit}
    answer = sdk.messages.create(model="default", max_tokens=9, messages=QUESTION, extra_headers=headers)
    assert answer.stop_reason == "max_tokens"


def test_failures_are_the_sdks_own(standing: RunningProject, sdk: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        sdk.with_options(api_key="wk_wrong").messages.create(model="default", max_tokens=9, messages=QUESTION)
    with pytest.raises(anthropic.NotFoundError):
        sdk.messages.create(model="no-such-model", max_tokens=9, messages=QUESTION)
    with pytest.raises(anthropic.BadRequestError) as caught:
        sdk.messages.create(model="default", max_tokens=9, messages=[])
    assert "messages" in caught.value.message
    viewer = standing.wattos("token", "create", "-q", "--role", "viewer").stdout.strip()
    with pytest.raises(anthropic.PermissionDeniedError):
        sdk.with_options(api_key=viewer).messages.create(model="default", max_tokens=9, messages=QUESTION)
