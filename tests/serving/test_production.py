"""The files for TensorFlow Serving in docs/tensorflow-serving are what it reads."""

import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2
from tensorflow_serving.config import model_server_config_pb2

from keras_gen.serving.folders import LABEL

FOLDER = Path(__file__).parents[2] / "docs" / "tensorflow-serving"
# Fields of session_bundle_config.proto and monitoring_config.proto of TensorFlow Serving, whose package for
# clients leaves these two out.
BATCHING = ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")


def message(name, fields):
    """A class of messages with these fields: name -> (number, type, name of a message's type)."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="of_tests", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    found = file.message_type.add(name=name)
    for field, (number, kind, of) in fields.items():
        found.field.add(name=field, number=number, type=kind, type_name=of, label=1)
    inner = found.nested_type.add(name="Prometheus")
    inner.field.add(name="enable", number=1, type=8, label=1)
    inner.field.add(name="path", number=2, type=9, label=1)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"of_tests.{name}"))


def test_models_config_is_one():
    config = text_format.Parse(
        (FOLDER / "models.config").read_text(), model_server_config_pb2.ModelServerConfig()
    )
    (model,) = config.model_config_list.config
    wanted = list(model.model_version_policy.specific.versions)
    assert model.base_path == f"/models/{model.name}" and model.model_platform == "tensorflow"
    assert set(model.version_labels.values()) <= set(wanted)
    assert all(LABEL.fullmatch(label) for label in model.version_labels)


def test_batching_and_monitoring_configs_are_such():
    number = (11, ".google.protobuf.Int64Value")
    batching = message("Batching", {name: (place, *number) for place, name in enumerate(BATCHING, 1)})
    found = text_format.Parse((FOLDER / "batching.config").read_text(), batching())
    assert found.max_batch_size.value == 64 and found.batch_timeout_micros.value == 2000
    with pytest.raises(text_format.ParseError):
        text_format.Parse("max_batch: 3", batching())
    monitoring = message("Monitoring", {"prometheus_config": (1, 11, ".of_tests.Monitoring.Prometheus")})
    found = text_format.Parse((FOLDER / "monitoring.config").read_text(), monitoring())
    assert found.prometheus_config.enable and found.prometheus_config.path.startswith("/monitoring/")


def test_manifests_name_what_is_there():
    deployment, service = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted.keys() == {volume["name"] for volume in pod["spec"]["volumes"]}
    arguments = dict(argument.removeprefix("--").split("=") for argument in container["args"])
    for path in (path for path in arguments.values() if path.startswith("/config/")):
        assert (FOLDER / Path(path).name).is_file()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": int(arguments["port"]), "rest": int(arguments["rest_api_port"])}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == ports.keys()
    labels = pod["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == deployment["spec"]["selector"]["matchLabels"]
    path = pod["metadata"]["annotations"]["prometheus.io/path"]
    assert re.search(f'path: "{path}"', (FOLDER / "monitoring.config").read_text())
    kserve = yaml.safe_load((FOLDER / "kserve.yaml").read_text())
    assert kserve["kind"] == "InferenceService"
    assert kserve["spec"]["predictor"]["model"]["modelFormat"] == {"name": "tensorflow"}
