"""Goal: every client speaks to a broker that asks for TLS and a password, and to no other server in its place."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from shared.chassis.kafka import create_topics, make_consumer, make_producer, topic_name
from shared.chassis.settings import Settings
from shared.embedded.kafka import KafkaBroker
from shared.embedded.state import StateFolder, free_port
from tests.shared.chassis.events.conftest import DEPOSIT

PASSWORD = "a-password-of-this-test"


def _write_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, alone and with its key behind it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + public)
    (folder / "trusted.pem").write_bytes(public)
    return folder / "trusted.pem"


@pytest.fixture
def guarded(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings for a broker of this test that wants TLS and a password."""
    trusted = _write_certificate(tmp_path)
    open_port, guarded_port, controller_port = free_port(), free_port(), free_port()
    login = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_plodnee="{PASSWORD}";'
    broker = KafkaBroker(
        StateFolder(tmp_path / "state"),
        port=open_port,
        options={
            "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{open_port},GUARDED://127.0.0.1:{guarded_port},"
            f"CONTROLLER://127.0.0.1:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{open_port},GUARDED://127.0.0.1:{guarded_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.guarded.plain.sasl.jaas.config": login,
            "listener.name.guarded.ssl.keystore.type": "PEM",
            "listener.name.guarded.ssl.keystore.location": str(tmp_path / "server.pem"),
        },
    )
    broker.start()
    try:
        yield settings.model_copy(
            update={
                "kafka_bootstrap_servers": f"127.0.0.1:{guarded_port}",
                "kafka_security_protocol": "SASL_SSL",
                "kafka_sasl_mechanism": "PLAIN",
                "kafka_ca_file": str(trusted),
                "kafka_username": "plodnee",
                "kafka_password": SecretStr(PASSWORD),
            }
        )
    finally:
        broker.remove()


async def test_clients_sign_in_over_tls_and_trust_no_other_certificate(guarded: Settings) -> None:
    await create_topics(guarded, [DEPOSIT])
    producer, consumer = make_producer(guarded, "test"), make_consumer(guarded, None, "test")
    async with producer, consumer:
        await producer.send_and_wait(topic_name(guarded, DEPOSIT.name), b"value", key=b"key")
        consumer.subscribe([topic_name(guarded, DEPOSIT.name)])
        assert (await consumer.getone()).value == b"value"
    for change in ({"kafka_ca_file": ""}, {"kafka_password": SecretStr("another")}):
        refused = make_producer(guarded.model_copy(update=change), "test")
        with pytest.raises(KafkaError):
            await refused.start()
        await refused.stop()
