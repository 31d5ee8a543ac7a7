"""What the background processes measure of themselves, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_ROWS = Gauge("plodnee_outbox_rows", "Events waiting for the relay (counted up to 100,000)", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge("plodnee_outbox_oldest_seconds", "Age of the oldest waiting event", ["service"])
RELAYED_EVENTS = Counter("plodnee_relayed_events_total", "Events handed to Kafka and acknowledged", ["service"])

CONSUMED_EVENTS = Counter("plodnee_consumed_events_total", "Events applied", ["consumer"])
CONSUMER_BATCH_SECONDS = Histogram("plodnee_consumer_batch_seconds", "Time to apply one batch", ["consumer"])
CONSUMER_LAG_EVENTS = Gauge("plodnee_consumer_lag_events", "Events not yet applied, all partitions", ["consumer"])
CONSUMER_STOPPED = Gauge("plodnee_consumer_stopped", "1 when the consumer stopped itself", ["consumer"])
DEAD_LETTERS = Counter("plodnee_dead_letters_total", "Events set aside", ["consumer"])
