"""The official OpenAI SDK against the gateway: what its users switch on must be what they get."""

from collections.abc import Iterator

import openai
import pytest

from tests.fakes.project.running import RunningProject

pytestmark = pytest.mark.e2e
QUESTION = [{"role": "user", "content": "Is anybody there?"}]


@pytest.fixture(scope="module")
def sdk(standing: RunningProject) -> Iterator[openai.OpenAI]:
    made = standing.wattos("token", "create", "-q")
    assert made.returncode == 0, made.stderr
    base_url = f"{standing.url('gateway')}/v1"
    with openai.OpenAI(base_url=base_url, api_key=made.stdout.strip(), max_retries=0) as client:
        yield client


def test_models_are_listed_and_retrieved(sdk: openai.OpenAI) -> None:
    listed = [model.id for model in sdk.models.list()]
    assert {"default", "wattos-extractive", "wattos-minilm"} <= set(listed)
    assert [sdk.models.retrieve(name).id for name in listed] == listed


def test_a_chat_is_answered(sdk: openai.OpenAI) -> None:
    answer = sdk.chat.completions.create(model="default", messages=QUESTION)
    assert answer.model == "wattos-extractive"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@pytest.mark.parametrize("include_usage", [True, False])
def test_a_stream_is_the_same_answer_in_pieces(sdk: openai.OpenAI, include_usage: bool) -> None:
    whole = sdk.chat.completions.create(model="default", messages=QUESTION)
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    stream = sdk.chat.completions.create(model="default", messages=QUESTION, stream=True, **options)
    chunks = list(stream)
    said = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in said) == whole.choices[0].message.content
    assert [choice.finish_reason for choice in said if choice.finish_reason] == ["stop"]
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert usages == ([whole.usage] if include_usage else [])
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_response_and_its_stream_are_the_same(sdk: openai.OpenAI) -> None:
    whole = sdk.responses.create(model="default", input="Is anybody there?")
    with sdk.responses.stream(model="default", input="Is anybody there?") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert len(deltas) > 1
    assert "".join(deltas) == final.output_text == whole.output_text != ""
    assert (final.usage, final.status) == (whole.usage, "completed")


def test_a_completion_and_its_stream_are_the_same(sdk: openai.OpenAI) -> None:
    asked = {"model": "default", "prompt": "Is anybody there?", "max_tokens": 200}
    whole = sdk.completions.create(**asked).choices[0].text
    parts = [part.choices[0].text for part in sdk.completions.create(**asked, stream=True)]
    assert "".join(parts) == whole != ""


def test_embeddings_are_the_same_as_floats_and_as_base64(sdk: openai.OpenAI) -> None:
    inputs = ["the exit code of an unreachable platform", "a recipe for pancakes"]
    floats = sdk.embeddings.create(model="wattos-minilm", input=inputs, encoding_format="float")
    # Without a format the SDK asks for base64 and decodes it itself.
    decoded = sdk.embeddings.create(model="wattos-minilm", input=inputs)
    assert [entry.index for entry in floats.data] == [0, 1]
    for plain, packed in zip(floats.data, decoded.data, strict=True):
        assert len(plain.embedding) == 384
        assert plain.embedding == pytest.approx(packed.embedding, abs=1e-6)
    assert floats.data[0].embedding != floats.data[1].embedding
    assert floats.usage.prompt_tokens > 0


def test_a_wrong_key_is_an_authentication_error(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        sdk.with_options(api_key="wk_wrong").models.list()
    assert caught.value.code == "invalid_api_key"


def test_an_unknown_model_is_a_not_found_error(sdk: openai.OpenAI) -> None:
    for ask in (
        lambda: sdk.models.retrieve("no-such-model"),
        lambda: sdk.chat.completions.create(model="no-such-model", messages=QUESTION),
        lambda: sdk.embeddings.create(model="no-such-model", input="x"),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            ask()
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_a_bad_request_names_the_parameter(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.chat.completions.create(model="default", messages=QUESTION, temperature=7)
    assert caught.value.param == "temperature"
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.chat.completions.create(model="default", messages=[])
    assert caught.value.param == "messages"


def test_a_refused_role_is_a_permission_error(standing: RunningProject, sdk: openai.OpenAI) -> None:
    viewer = standing.wattos("token", "create", "-q", "--role", "viewer").stdout.strip()
    with pytest.raises(openai.PermissionDeniedError):
        sdk.with_options(api_key=viewer).chat.completions.create(model="default", messages=QUESTION)
