"""What engines tell their workers, with the variables that their documentation gives."""

import json

import pytest

from keras_gen.cluster import read_cluster
from keras_gen.engines import cluster_from, join, join_search
from keras_gen.errors import InputError

# A task of srun, man srun "OUTPUT ENVIRONMENT VARIABLES"; the batch script has the first three alone.
SLURM = {
    "SLURM_JOB_ID": "4321",
    "SLURM_JOB_NODELIST": "n[9-11]",
    "SLURM_NTASKS": "4",
    "SLURM_PROCID": "2",
    "SLURM_NODEID": "1",
    "SLURM_LOCALID": "0",
    "SLURM_STEP_NODELIST": "n[9-11]",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_TASKS_PER_NODE": "2,1(x2)",
    "PATH": "",
}
OPEN_MPI = {
    "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "1",
    "OMPI_COMM_WORLD_LOCAL_RANK": "0",
    "OMPI_UNIVERSE_SIZE": "2",
}
KUBERNETES = {
    "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    "HOSTNAME": "mnist-1",
    "JOB_COMPLETION_INDEX": "1",
    "KERAS_GEN_HOSTS": "mnist-0.mnist,mnist-1.mnist",
}
SAGEMAKER = {"SM_HOSTS": '["algo-2", "algo-1"]', "SM_CURRENT_HOST": "algo-2"}
VERTEX = {
    "cluster": {
        "workerpool0": ["cmle-training-workerpool0-ab-0:2222"],
        "workerpool1": ["cmle-training-workerpool1-ab-0:2222", "cmle-training-workerpool1-ab-1:2222"],
    },
    "environment": "cloud",
    "task": {"type": "workerpool1", "index": 1, "trial": ""},
}
# Vertex AI sets both; Kubeflow sets this one.
TF_CONFIG = {"cluster": {"chief": ["a:1"], "worker": ["b:2"]}, "task": {"type": "worker", "index": 0}}
PORT = 12_000 + 16 * 321


@pytest.mark.parametrize(
    "environ, rank, addresses, engine",
    [
        (SLURM, 2, [f"n9:{PORT}", f"n9:{PORT + 1}", f"n10:{PORT + 2}", f"n11:{PORT + 3}"], "Slurm"),
        (OPEN_MPI | {"KERAS_GEN_HOSTS": "a,b:7"}, 1, ["a:2222", "b:7"], "Open MPI"),
        (OPEN_MPI | {"OMPI_COMM_WORLD_LOCAL_SIZE": "2"}, 1, ["127.0.0.1:2222", "127.0.0.1:2223"], "Open MPI"),
        (KUBERNETES, 1, ["mnist-0.mnist:2222", "mnist-1.mnist:2223"], "An indexed Job of Kubernetes"),
        (SAGEMAKER, 1, ["algo-1:2222", "algo-2:2223"], "SageMaker"),
        ({"CLUSTER_SPEC": json.dumps(VERTEX)}, 2, sum(VERTEX["cluster"].values(), []), "Vertex AI"),
    ],
)
def test_each_engine_is_understood(environ, rank, addresses, engine):
    config, sentence = cluster_from(environ)
    assert config == {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
    assert sentence == (
        f"{engine} started this process as worker {rank} of {len(addresses)}, at {addresses[rank]}."
    )
    assert read_cluster({"TF_CONFIG": json.dumps(config)}) == config


def test_tf_config_counts_before_all_others():
    environ = SLURM | {"TF_CONFIG": json.dumps(TF_CONFIG)}
    assert cluster_from(environ) == (
        TF_CONFIG,
        "TF_CONFIG names this process as worker 1 of 2, at b:2.",
    )


def test_sagemaker_without_its_toolkit_is_known_by_its_file(tmp_path):
    file = tmp_path / "resourceconfig.json"
    file.write_text(
        '{"current_host": "algo-1", "hosts": ["algo-1", "algo-2"], "network_interface_name": "eth1"}'
    )
    config, _ = cluster_from({}, file)
    assert config["task"]["index"] == 0 and config["cluster"]["worker"] == ["algo-1:2222", "algo-2:2223"]


def test_slurm_s_own_program_expands_its_lists(tmp_path):
    program = tmp_path / "scontrol"
    program.write_text('#!/bin/sh\n[ "$*" = "show hostnames n[9-11]" ] && printf "x\\ny\\nz\\n"\n')
    program.chmod(0o755)
    config, _ = cluster_from(SLURM | {"PATH": str(tmp_path)})
    assert [each.partition(":")[0] for each in config["cluster"]["worker"]] == ["x", "x", "y", "z"]


def without(environ, *names):
    return {name: text for name, text in environ.items() if name not in names}


@pytest.mark.parametrize(
    "environ, told",
    [
        ({}, "finds no workers, since none of TF_CONFIG, SLURM_JOB_ID, OMPI_COMM_WORLD_RANK"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "a pod of Kubernetes without JOB_COMPLETION_INDEX: take a Job with completionMode: Indexed"),
        (SLURM | OPEN_MPI, "Slurm and Open MPI say that they started this process: unset"),
        (without(SLURM, *[n for n in SLURM if "STEP" in n]), "needs SLURM_STEP_NUM_TASKS, which is not set: start the command by srun"),
        (SLURM | {"SLURM_PROCID": "one"}, "SLURM_PROCID must be a whole number, not 'one'"),
        (SLURM | {"SLURM_PROCID": "4"}, "Slurm says that this is worker 4, but tells of 4"),
        (SLURM | {"SLURM_NODEID": "2"}, "task 2 is on n11, not on n10: give srun --distribution=block"),
        (SLURM | {"SLURM_STEP_NODELIST": "n[9-"}, "must look like n[1-2,07],m5, not 'n[9-'"),
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "2,x"}, "must look like 2(x3),1, not '2,x'"),
        (SLURM | {"SLURM_STEP_NUM_TASKS": "3"}, "Slurm tells of 3 tasks, 2,1(x2) of them on the nodes n[9-11], which does not fit"),
        (OPEN_MPI, "how many they are, but not where: give mpirun -x KERAS_GEN_HOSTS="),
        (OPEN_MPI | {"KERAS_GEN_HOSTS": "a"}, "must be a list of 2 hosts, one for each worker"),
        (without(OPEN_MPI, "OMPI_COMM_WORLD_SIZE"), "needs OMPI_COMM_WORLD_SIZE, which is not set"),
        (without(KUBERNETES, "KERAS_GEN_HOSTS"), "set it in the Job to the pods' names in its headless Service"),
        (KUBERNETES | {"KERAS_GEN_HOSTS": "a,,b"}, "must be a list of hosts"),
        (without(SAGEMAKER, "SM_CURRENT_HOST"), "needs SM_CURRENT_HOST, which is not set"),
        (SAGEMAKER | {"SM_CURRENT_HOST": "algo-3"}, "SM_HOSTS must be a list of hosts with 'algo-3' among them"),
        (SAGEMAKER | {"SM_HOSTS": "algo-1,algo-2"}, "SM_HOSTS is malformed"),
        ({"CLUSTER_SPEC": "{}"}, "CLUSTER_SPEC is malformed"),
        ({"CLUSTER_SPEC": json.dumps(VERTEX | {"cluster": VERTEX["cluster"] | {"workerpool2": ["p:1"]}})}, "machines of workerpool2, for servers that have no part here"),
    ],
)  # fmt: skip
def test_what_is_half_twice_or_not_there_is_told(environ, told):
    with pytest.raises(InputError) as error:
        cluster_from(environ, "/nowhere")
    assert told in str(error.value)


def test_a_search_has_the_first_process_as_its_chief():
    environs = [KUBERNETES | {"JOB_COMPLETION_INDEX": str(index)} for index in range(2)]
    for environ, name in zip(environs, ("chief", "tuner0"), strict=True):
        assert "worker" in join_search("auto", None, environ)
        assert environ["KERASTUNER_TUNER_ID"] == name and "TF_CONFIG" not in environ
        assert (environ["KERASTUNER_ORACLE_IP"], environ["KERASTUNER_ORACLE_PORT"]) == (
            "mnist-0.mnist",
            "2222",
        )
    alone = KUBERNETES | {"JOB_COMPLETION_INDEX": "0", "KERAS_GEN_HOSTS": "a"}
    join_search("auto", None, alone)
    assert not any(name.startswith("KERASTUNER") for name in alone)


def test_training_has_its_variable():
    environ = dict(KUBERNETES)
    join("auto", None, environ)
    assert read_cluster(environ)["task"] == {"type": "worker", "index": 1}
    untouched = dict(KUBERNETES)
    assert join(None, 2, untouched) is None and untouched == KUBERNETES


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["train", "digits-gan", "--cluster", "auto"], "needs KERAS_GEN_HOSTS, which is not set"),
        (["tune", "digits-gan", "--trials", 1, "--cluster", "auto"], "needs KERAS_GEN_HOSTS, which is not set"),
        (["train", "digits-gan", "--cluster", "slurm"], "Unknown cluster 'slurm': Available: auto"),
        (["train", "digits-gan", "--cluster", "auto", "--workers", 2], "leave one of them out"),
    ],
)  # fmt: skip
def test_on_the_command_line(run_cli, monkeypatch, arguments, told):
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "0")
    code, said = run_cli(*arguments)
    assert code == 2 and told in said
