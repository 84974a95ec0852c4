"""What is counted of a server, for Prometheus."""

import prometheus_client

ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Counters of one server, in a registry of their own."""

    def __init__(self):
        self.registry = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self.registry)
        self.requests = prometheus_client.Counter(
            "keras_gen_requests",
            "Requests by the code of their answer; those of models that are not there have no model.",
            ["model", "entrypoint", "code"],
            registry=self.registry,
        )
        self.seconds = prometheus_client.Histogram(
            "keras_gen_request_seconds",
            "Time of predictions, from their body's end to their answer.",
            ["model", "entrypoint"],
            registry=self.registry,
        )
        self.rows = prometheus_client.Histogram(
            "keras_gen_batch_rows",
            "Rows of calls of a signature.",
            ["model", "signature"],
            buckets=ROWS,
            registry=self.registry,
        )
        self.versions = prometheus_client.Gauge(
            "keras_gen_versions", "Versions of a model that are served.", ["model"], registry=self.registry
        )

    def page(self):
        """All of it as Prometheus reads it: (bytes, content type)."""
        return prometheus_client.generate_latest(self.registry), prometheus_client.CONTENT_TYPE_LATEST
