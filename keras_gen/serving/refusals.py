"""How a request is refused, in HTTP and in gRPC."""

# What went wrong: the status of HTTP and the code of gRPC. They are TensorFlow Serving's where it has such a
# case; `full` has its 503, and the code by which clients of gRPC know that less at a time would work.
KINDS = {
    "invalid": (400, "INVALID_ARGUMENT"),
    "precondition": (400, "FAILED_PRECONDITION"),
    "unauthenticated": (401, "UNAUTHENTICATED"),
    "missing": (404, "NOT_FOUND"),
    "not acceptable": (406, "INVALID_ARGUMENT"),
    "slow": (408, "DEADLINE_EXCEEDED"),
    "large": (413, "RESOURCE_EXHAUSTED"),
    "encoding": (415, "INVALID_ARGUMENT"),
    "internal": (500, "INTERNAL"),
    "full": (503, "RESOURCE_EXHAUSTED"),
    "late": (504, "DEADLINE_EXCEEDED"),
}


class Refused(Exception):
    """A request that is not answered.

    Args:
        message: one sentence for whoever asked.
        kind: name in `KINDS`.
    """

    def __init__(self, message, kind="invalid"):
        super().__init__(message)
        self.status, self.code = KINDS[kind]
