"""What a server is told: where it listens, what it serves, and how much it takes."""

import dataclasses

from keras_gen.errors import InputError


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of a server.

    Args:
        host: address to listen on.
        port: of REST; 0 for a free one.
        grpc_port: of gRPC; 0 for a free one.
        token: bearer token that every request needs, or None.
        versions: int > 0, how many of the newest versions of a model are served, beside labeled ones.
        max_batch: int > 0, rows up to which waiting requests are joined; 1 joins none.
        batch_timeout: milliseconds >= 0 that a request waits for others at most.
        max_rows: int > 0, of a request.
        max_bytes: int > 0, of a request's body, and of what its files hold once decoded.
        max_queue: int > 0, requests to one signature that wait or are calculated.
        max_connections: int > 0, of HTTP, and calls of gRPC at once.
        timeout: seconds > 0 for the head of a request, for its body, and for its answer.
        poll: seconds > 0 between two looks for new versions. One that lies unchanged at two is loaded.

    Raises:
        InputError: a number is out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    grpc_port: int = 8500
    token: str | None = None
    versions: int = 1
    max_batch: int = 64
    batch_timeout: float = 2.0
    max_rows: int = 256
    max_bytes: int = 16 << 20
    max_queue: int = 1024
    max_connections: int = 512
    timeout: float = 30.0
    poll: float = 0.5

    def __post_init__(self):
        for name in ("port", "grpc_port"):
            if not 0 <= getattr(self, name) < 1 << 16:
                raise InputError(f"{name} must be from 0 to 65535, not {getattr(self, name)}.")
        for name in ("versions", "max_batch", "max_rows", "max_bytes", "max_queue", "max_connections"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}.")
        for name in ("timeout", "poll"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(f"{name} must be seconds above 0, not {getattr(self, name)}.")
        if not 0 <= self.batch_timeout < float("inf"):
            raise InputError(f"batch_timeout must be at least 0 milliseconds, not {self.batch_timeout}.")
        if self.token is not None and (not self.token or not self.token.isascii() or " " in self.token):
            raise InputError("The token must be one word of ASCII characters.")

    @property
    def is_open(self):
        """Whether other machines may ask without a token."""
        return self.token is None and self.host not in ("127.0.0.1", "::1", "localhost")
