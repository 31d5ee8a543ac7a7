"""Goal: docker-compose.yml starts the suite that the code really is, and nobody runs it with a password from here.

No container engine is needed: the file is held against the compose specification's own JSON Schema (compose-spec.json,
Apache-2.0, from the compose specification), the command line, the settings and the topics' rules.
"""

import json
import re
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from typer.main import get_command

from deploy.fill_env import filled
from services.cli import app
from shared.chassis.settings import SERVICES, Settings, get_settings
from shared.embedded.kafka import SINGLE_NODE
from shared.embedded.kafka_jars import KAFKA_VERSION
from tests.deploy.compose import (
    COMPOSE_PATH,
    EXAMPLE_PATH,
    ROOT,
    compose_document,
    example_variables,
    interpolated,
    is_ours,
    variables,
)

SCHEMA_PATH = Path(__file__).with_name("compose-spec.json")
SECRET_NAMES = re.compile(r"PASSWORD|SECRET|_KEYS?$")


@pytest.fixture(scope="module")
def filled_values() -> dict[str, str]:
    lines = filled(EXAMPLE_PATH.read_text(encoding="utf-8")).splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="module")
def services(filled_values: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = interpolated(compose_document()["services"], filled_values)
    return found


def test_compose_file_follows_the_specification() -> None:
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(compose_document())


def test_compose_schema_refuses_a_misspelt_key() -> None:
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    document = compose_document()
    document["services"]["kafka"]["heathcheck"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(document)


def test_every_variable_is_in_the_example_and_has_no_default() -> None:
    used, offered = variables(), example_variables()
    assert used.keys() == offered.keys()
    assert {rest for rests in used.values() for rest in rests} == {":?see .env.example"}


def test_no_secret_stands_in_the_files() -> None:
    for name, value in example_variables().items():
        if SECRET_NAMES.search(name):
            assert "CHANGE-ME-" in value, f"{name} has a value that somebody may leave as it is"
    for name, service in compose_document()["services"].items():
        for variable, value in service["environment"].items():
            if SECRET_NAMES.search(variable):
                assert str(value).startswith("${"), f"{name} has {variable} written out"


def test_every_installation_gets_secrets_of_its_own(filled_values: dict[str, str]) -> None:
    secrets = [value for name, value in filled_values.items() if SECRET_NAMES.search(name) or "CLUSTER_ID" in name]
    assert len(set(secrets)) == len(secrets)
    assert not [value for value in filled_values.values() if "CHANGE-ME" in value]
    assert filled_values != dict(
        line.split("=", 1)
        for line in filled(EXAMPLE_PATH.read_text(encoding="utf-8")).splitlines()
        if line and not line.startswith("#")
    )


def test_the_filled_values_are_settings_that_a_process_accepts(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in services["init"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    for key in ("blind_index_key", "member_number_key", "session_key"):
        assert len(settings.key_bytes(key)) == 32
    for service in SERVICES:
        assert settings.database_url(service, "worker").endswith(f"@postgres:5432/plodnee_{service}")
    assert settings.require("kafka_bootstrap_servers") == "kafka:9092"
    get_settings.cache_clear()


@pytest.mark.parametrize("name", sorted(name for name, row in compose_document()["services"].items() if is_ours(row)))
def test_every_command_is_one_of_ours(name: str) -> None:
    command: Any = get_command(app)
    arguments = list(compose_document()["services"][name]["command"])
    context = command.make_context("plodnee", list(arguments))
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        called, command, arguments = command.resolve_command(context, arguments)
        context = command.make_context(called, list(arguments), parent=context)
    if "service" in context.params:
        assert context.params["service"] in {*SERVICES, "all"}


def test_every_service_has_an_api_and_a_worker_with_the_password_of_that_role_alone() -> None:
    services = compose_document()["services"]
    for service in SERVICES:
        for kind, role in (("api", "API"), ("worker", "WORKER")):
            process = services[f"{service}-{kind}"]
            assert process["command"][:2] == [kind, service]
            passwords = {variable for variable in process["environment"] if variable.endswith("_PASSWORD")}
            assert passwords == {f"PLODNEE_{service.upper()}_{role}_PASSWORD"}
            assert "PLODNEE_ADMIN_DATABASE_URL" not in process["environment"]


def test_every_process_of_ours_is_confined() -> None:
    for name, service in compose_document()["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        if is_ours(service):
            assert service["read_only"] is True, name
            assert [entry.split(":")[0] for entry in service["tmpfs"]] == ["/tmp"], name  # noqa: S108


def test_everything_published_is_published_to_this_machine_only() -> None:
    published = [port for row in compose_document()["services"].values() for port in row.get("ports", [])]
    assert len(published) == len(SERVICES) + 1
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert len(set(published)) == len(published)


def test_what_runs_on_has_a_health_check_and_starts_after_its_schema() -> None:
    services = compose_document()["services"]
    for name, service in services.items():
        if name in ("init", "migrate"):
            assert service["restart"] == "no"
        else:
            assert service["healthcheck"]["test"][0] == "CMD", name
            assert service["restart"] == "unless-stopped", name
        if name.endswith(("-api", "-worker")):
            assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    assert {row["condition"] for row in services["init"]["depends_on"].values()} == {"service_healthy"}


def test_the_broker_keeps_everything_and_makes_no_topic_by_itself() -> None:
    kafka = compose_document()["services"]["kafka"]
    settings = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in kafka["environment"].items()
        if name.startswith("KAFKA_")
    }
    for name in ("auto.create.topics.enable", "log.retention.ms", "log.retention.bytes"):
        assert settings[name] == SINGLE_NODE[name]
    assert kafka["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert settings["log.dirs"] == "/var/lib/kafka/data"
    assert any(volume.endswith(":/var/lib/kafka/data") for volume in kafka["volumes"])


def test_passwords_of_postgres_are_never_sent_in_the_clear() -> None:
    postgres = compose_document()["services"]["postgres"]
    assert "--auth=scram-sha-256" in postgres["environment"]["POSTGRES_INITDB_ARGS"]
    assert "POSTGRES_HOST_AUTH_METHOD" not in postgres["environment"]


def test_everything_mounted_is_in_the_repository_or_a_named_volume() -> None:
    document = compose_document()
    for service in document["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert volume.endswith(":ro")
            else:
                assert source in document["volumes"]


def test_five_services_read_as_one() -> None:
    """A change to how processes run is made in one place: what stands under a service is what differs."""
    text = COMPOSE_PATH.read_text(encoding="utf-8")
    for service in SERVICES:
        for kind in ("api", "worker"):
            lines = text.split(f"\n  {service}-{kind}:\n")[1].split("\n\n")[0].splitlines()
            assert len(lines) <= 6
