"""Everything an operator can set, read from the environment once per process.

Every bound carries its unit in its name. A value that would be unsafe in production is refused at start
(:meth:`Settings.refuse_unsafe_production`), not discovered later.
"""

import base64
import binascii
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVICES = ("registry", "debt", "livelihood", "literacy", "reporting")

Role = Literal["owner", "api", "worker"]


_KEYS = ("key_encryption_keys", "blind_index_key", "member_number_key", "session_key")
_KEY_BYTES = 32


class UnsafeSettings(RuntimeError):
    """The process was asked to run in production with settings that are only safe on one developer's machine."""


class MissingSettings(RuntimeError):
    """A setting without which the process cannot work is not in the environment."""


class _DatabaseSettings(BaseSettings):
    """Where one service's database is, and the passwords of its three roles."""

    model_config = SettingsConfigDict(extra="ignore")

    database_url: str | None = None
    owner_password: SecretStr | None = None
    api_password: SecretStr | None = None
    worker_password: SecretStr | None = None


class Settings(BaseSettings):
    """Settings of one process of Plodnee; names in the environment are these with the prefix ``PLODNEE_``."""

    model_config = SettingsConfigDict(env_prefix="PLODNEE_", extra="ignore")

    environment: Literal["development", "production"] = "development"

    # Kafka
    kafka_bootstrap_servers: str = Field(
        default="", validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "PLODNEE_KAFKA_BOOTSTRAP_SERVERS")
    )
    kafka_topic_prefix: str = ""  # a prefix keeps test runs that share one broker apart
    kafka_partitions: int = 12
    kafka_replication_factor: int = 1
    kafka_request_timeout_ms: int = 30_000
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: str = ""  # the certificates to trust; the system's when empty
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretStr = SecretStr("")

    # Sign-in
    issuer: str = ""
    jwks_url: str = ""
    jwks_ttl_seconds: int = 600
    jwks_reload_pause_seconds: int = 10  # an unknown key id cannot make us hammer the provider
    dashboard_url: str = "http://127.0.0.1:8000"
    dashboard_client_id: str = "plodnee-dashboard"
    assignment_age_max_seconds: int = 900  # older knowledge of officers' co-ops refuses access

    # Keys, base64 of 32 bytes each
    key_encryption_keys: SecretStr = SecretStr("")  # "id:base64,older-id:base64"; the first seals, all open
    blind_index_key: SecretStr = SecretStr("")
    member_number_key: SecretStr = SecretStr("")
    session_key: SecretStr = SecretStr("")

    # Database
    admin_database_url: str = ""  # a superuser, for `plodnee init` alone
    database_pool_size: int = 8
    database_pool_wait_seconds: float = 10.0
    statement_timeout_api_ms: int = 10_000
    statement_timeout_worker_ms: int = 600_000
    idle_in_transaction_timeout_ms: int = 60_000

    # HTTP
    request_body_bytes_max: int = 1_048_576
    upload_body_bytes_max: int = 268_435_456
    page_size_default: int = 50
    page_size_max: int = 500
    bulk_items_max: int = 1_000
    idempotency_kept_hours: int = 72

    # Outbox and relay
    event_bytes_max: int = 900_000  # below the broker's message.max.bytes (1 MiB) with room for headers
    relay_batch_rows_max: int = 2_000
    relay_poll_busy_ms: int = 5
    relay_poll_idle_ms: int = 50

    # Consumer
    consumer_batch_events_max: int = 2_000
    consumer_poll_ms: int = 200
    consumer_session_timeout_ms: int = 30_000
    consumer_poll_interval_max_ms: int = 300_000
    dead_letters_in_a_row_max: int = 100
    dead_letters_window_events: int = 1_000
    dead_letters_in_window_percent_max: int = 20

    # Feeds and jobs
    feed_chunk_rows: int = 2_000
    feed_rows_max: int = 2_000_000
    feed_cell_characters_max: int = 2_000
    feed_waiting_days_max: int = 14
    job_concurrency: int = 2

    drain_seconds_max: int = 25

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    def database_url(self, service: str, role: Role) -> str:
        """The URL by which a process in `role` reaches the database of `service`.

        A URL that names a user is taken as it is; otherwise the role's own name and password are put in.

        Raises:
            MissingSettings: the address or the password is not set.
        """
        found = _DatabaseSettings(_env_prefix=f"PLODNEE_{service.upper()}_")
        if not found.database_url:
            raise MissingSettings(f"set PLODNEE_{service.upper()}_DATABASE_URL, e.g. postgresql://host:5432/{service}")
        parts = urlsplit(found.database_url)
        if parts.username:
            return found.database_url
        credentials = f"{role_name(service, role)}:{quote(self.role_password(service, role), safe='')}"
        return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}"))

    def role_password(self, service: str, role: Role) -> str:
        """The password of the role, which `plodnee init` gives it; raises MissingSettings when it is not set."""
        found = _DatabaseSettings(_env_prefix=f"PLODNEE_{service.upper()}_")
        password: SecretStr | None = getattr(found, f"{role}_password")
        if password is None:
            raise MissingSettings(f"set PLODNEE_{service.upper()}_{role.upper()}_PASSWORD")
        return password.get_secret_value()

    def require(self, name: str) -> str:
        """The value of a text or secret setting; raises MissingSettings with the variable's name when empty."""
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if not text:
            variable = "KAFKA_BOOTSTRAP_SERVERS" if name == "kafka_bootstrap_servers" else f"PLODNEE_{name.upper()}"
            raise MissingSettings(f"set {variable}")
        return text

    def key_bytes(self, name: str) -> bytes:
        """A 32-byte key given in base64; raises MissingSettings when it is absent or of another length."""
        key = _decoded(self.require(name))
        if len(key) != _KEY_BYTES:
            raise MissingSettings(f"PLODNEE_{name.upper()} must be the base64 of exactly 32 bytes")
        return key

    def refuse_unsafe_production(self) -> None:
        """Stop a production process whose settings belong on a developer's machine.

        Raises:
            UnsafeSettings: naming every setting to mend.
        """
        if not self.is_production:
            return
        faults = []
        if not self.issuer.startswith("https://"):
            faults.append("PLODNEE_ISSUER must be an https:// address")
        if self.jwks_url and not self.jwks_url.startswith("https://"):
            faults.append("PLODNEE_JWKS_URL must be an https:// address")
        if not self.dashboard_url.startswith("https://"):
            faults.append("PLODNEE_DASHBOARD_URL must be an https:// address")
        if self.kafka_replication_factor < 3:
            faults.append("PLODNEE_KAFKA_REPLICATION_FACTOR must be 3 or more")
        if self.kafka_topic_prefix:
            faults.append("PLODNEE_KAFKA_TOPIC_PREFIX is for tests")
        faults += self._key_faults()
        if faults:
            raise UnsafeSettings("refusing to run in production: " + "; ".join(faults))

    def _key_faults(self) -> list[str]:
        """Keys that are not set, made for development, not random, or used for two purposes."""
        faults = []
        used: dict[bytes, str] = {}
        for name in _KEYS:
            variable = f"PLODNEE_{name.upper()}"
            text: str = getattr(self, name).get_secret_value()
            if not text:
                faults.append(f"{variable} is not set")
            elif "development" in text:
                faults.append(f"{variable} is a development key")
            else:
                # Only the key-encryption keys are several, each behind its id.
                for key in [_decoded(part.rpartition(":")[2].strip()) for part in text.split(",")]:
                    if not _looks_random(key):
                        faults.append(f"{variable} is not the base64 of {_KEY_BYTES} random bytes")
                    elif used.setdefault(key, variable) != variable:
                        faults.append(f"{variable} is the key of {used[key]} too")
        return faults


def _decoded(text: str) -> bytes:
    """The bytes of a base64 text; nothing when it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _looks_random(key: bytes) -> bool:
    """Whether a key can have come from a random source: 32 random bytes are never all text, nor a few repeated."""
    return len(key) == _KEY_BYTES and len(set(key)) >= _KEY_BYTES // 2 and any(byte > 126 for byte in key)


def role_name(service: str, role: Role) -> str:
    """The PostgreSQL role of a service's process: owner migrates, api answers requests, worker runs the rest."""
    return f"plodnee_{service}_{role}"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    return Settings()
