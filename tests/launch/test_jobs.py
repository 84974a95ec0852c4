"""What is written for engines, and what they would do with it."""

import os
import shlex
import subprocess
import sys

import pytest
import yaml

RAN = ["train", "digits-gan", "--set", "width=8", "--data", "my images.zip", "--output"]


def directives(text):
    return [line.removeprefix("#SBATCH --") for line in text.splitlines() if line.startswith("#SBATCH --")]


def test_a_script_for_slurm_names_each_option_once(run_cli, tmp_path):
    code, said = run_cli(
        "launch", "slurm", "--workers", 3, "--gpus", 2, "--cpus", 4, "--sbatch", "time=02:00:00",
        "--sbatch", "ntasks-per-node=2", "--minutes", 5, *RAN, "runs/It's mine",
    )  # fmt: skip
    assert (code, said) == (0, "it-s-mine.sbatch is written: give it to sbatch.")
    script = (tmp_path / "it-s-mine.sbatch").read_text()
    assert sorted(directives(script)) == sorted(
        ["job-name=it-s-mine", "ntasks=3", "ntasks-per-node=2", "cpus-per-task=4", "gpus-per-task=2",
         "time=02:00:00", "signal=B:USR1@300", "open-mode=append", "requeue"]
    )  # fmt: skip
    assert subprocess.run(["bash", "-n", tmp_path / "it-s-mine.sbatch"], check=False).returncode == 0
    (run,) = [line for line in script.splitlines() if line.startswith("srun ")]
    words = shlex.split(run)
    assert "--cpus-per-task=4" in words
    assert words[-(len(RAN) + 6) :] == ["-m", "keras_gen", *RAN, "runs/It's mine", "--cluster", "auto", "&"]


def test_a_manifest_for_kubernetes_is_a_job_whose_pods_find_each_other(run_cli, tmp_path):
    code, said = run_cli(
        "launch", "kubernetes", "--workers", 2, "--gpus", 1, "--image", "kit:1", "--volume", "set:/data",
        "--volume", "runs:/my runs", "--out", "job.yaml", *RAN, "/my runs/Digits 2",
    )  # fmt: skip
    assert (code, said) == (0, "job.yaml is written: give it to kubectl apply -f.")
    service, job = yaml.safe_load_all((tmp_path / "job.yaml").read_text())
    name = service["metadata"]["name"]
    assert name == "digits-2" == job["metadata"]["name"] == job["spec"]["template"]["spec"]["subdomain"]
    assert service["spec"]["clusterIP"] == "None" and service["spec"]["selector"] == {"job-name": name}
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 2, 2)
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    # A pod that Kubernetes takes away, or that stopped as asked, counts for nothing; two never share an index.
    assert pod["restartPolicy"] == "Never" and spec["podReplacementPolicy"] == "Failed"
    conditions, codes = spec["podFailurePolicy"]["rules"]
    assert conditions["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert codes["onExitCodes"] == {"containerName": container["name"], "operator": "In", "values": [143]}
    assert conditions["action"] == codes["action"] == "Ignore" and container["image"] == "kit:1"
    assert container["command"] == ["keras-gen", *RAN, "/my runs/Digits 2", "--cluster", "auto"]
    assert container["env"] == [
        {"name": "KERAS_GEN_HOSTS", "value": "digits-2-0.digits-2,digits-2-1.digits-2"}
    ]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    paths = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    claims = {each["name"]: each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"]}
    assert {claims[each]: paths[each] for each in paths} == {"set": "/data", "runs": "/my runs"}


def test_a_search_has_a_chief_besides(run_cli, tmp_path):
    tune = ["tune", "digits-vae", "--trials", 3, "--output", "/runs/tuned"]
    run_cli("launch", "slurm", "--workers", 2, *tune)
    run_cli("launch", "kubernetes", "--workers", 2, "--image", "kit", "--volume", "a:/runs", *tune)
    options = directives((tmp_path / "tuned.sbatch").read_text())
    assert "ntasks=3" in options and "ntasks-per-node=1" not in options
    _, job = yaml.safe_load_all((tmp_path / "tuned.yaml").read_text())
    assert job["spec"]["completions"] == 3


@pytest.mark.parametrize("engine, program", [("slurm", "sbatch"), ("kubernetes", "kubectl")])
def test_what_is_written_is_given_to_the_engine_where_that_is_asked_for(
    run_cli, tmp_path, monkeypatch, engine, program
):
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = ["launch", engine, "--workers", 2, "--out", "job", "--submit"]
    arguments += ["--image", "kit", "--volume", "a:/runs"] if engine == "kubernetes" else []
    arguments += ["train", "digits-gan", "--output", "/runs/a"]
    code, said = run_cli(*arguments[:5], *arguments[5:6], "--dry-run", *arguments[6:])
    assert code == 0 and "--cluster" in said and f"# {program}" in said and not (tmp_path / "job").exists()
    code, said = run_cli(*arguments)
    assert code == 2 and f"{program} is not here, so job is written alone" in said
    (tmp_path / program).write_text(f'#!{os.path.realpath("/bin/sh")}\necho "$*" > given; exit 3\n')
    (tmp_path / program).chmod(0o755)
    code, _ = run_cli(*arguments)
    assert code == 3 and (tmp_path / "given").read_text().split()[-1] == "job"


def test_ray_is_told_of_before_it_is_asked_for(run_cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    job = ["launch", "ray", "--workers", 2, "--gpus", 1]
    code, said = run_cli(*job, "--dry-run", "tune", "digits-vae", "--trials", 3)
    assert (code, said) == (0, "3 actors, 1 cores and 1 GPUs each: keras-gen tune digits-vae --trials 3")
    code, said = run_cli(*job, "train", "digits-gan")
    assert code == 2 and 'pip install "keras_gen[ray]"' in said


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["slurm", "train", "digits-gan"], "Missing option '--workers'"),
        (["slurm", "--workers", 2, "score", "digits-gan"], "Unknown command to launch 'score'"),
        (["slurm", "--workers", 2, "train", "digits-gna"], "Unknown recipe 'digits-gna': did you mean 'digits-gan'?"),
        (["slurm", "--workers", 2, "train", "digits-gan", "--set", "widht=3"], "Unknown field 'widht'"),
        (["slurm", "--workers", 2, "train", "digits-gan", "--trials", 3], "No such option: --trials"),
        (["slurm", "--workers", 2, "train", "digits-gan", "--workers", 2], "given before the command, to the engine: leave it out behind train"),
        (["slurm", "--workers", 2, "tune", "digits-gan", "--cluster", "auto"], "added by itself: leave it out behind tune"),
        (["slurm", "--workers", 2, "train", "digits-gan", "--strategy", "mirrored"], "not mirrored: leave --strategy out"),
        (["slurm", "--workers", 2, "--name", "My job", "train", "digits-gan"], "cannot be called 'My job'"),
        (["slurm", "--workers", 2, "--sbatch", "--time=1", "train", "digits-gan"], "without hyphens, such as time=02:00:00"),
        (["kubernetes", "--workers", 2, "--image", "a", "train", "digits-gan"], "runs/digits-gan would be lost with its pods"),
        (["kubernetes", "--workers", 2, "--image", "a", "--volume", "b", "train", "digits-gan"], "--volume must be CLAIM:/PATH"),
    ],
)  # fmt: skip
def test_mistakes_end_in_a_sentence(run_cli, arguments, told):
    code, said = run_cli("launch", *arguments)
    assert code == 2 and told in " ".join(said.replace("│", " ").split()) and "Traceback" not in said
