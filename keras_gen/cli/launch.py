"""`keras-gen launch`: a training or a search on many machines, by an engine that exists."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import MOST_WORKERS, fields_of, path_of
from keras_gen.cli.terminal import say, stopped
from keras_gen.cli.train import train
from keras_gen.cli.tune import tune
from keras_gen.errors import InputError, unknown
from keras_gen.files import write_atomically

launch = typer.Typer(
    no_args_is_help=True, help="Train or search on many machines, by Slurm, Kubernetes or Ray."
)
# What stands behind the first word that is no option belongs to train or tune.
BEHIND = {"allow_interspersed_args": False}

COMMANDS = {"train": train, "tune": tune}

Command = Annotated[
    list[str],
    typer.Argument(
        metavar="train|tune", help="What each worker runs: train or tune, with their usual options."
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        min=1,
        max=MOST_WORKERS,
        help="Processes that train together, or that run trials; a search also has a chief.",
    ),
]
Name = Annotated[str | None, typer.Option(help="Name of the job.", show_default="after the run's folder")]
Cpus = Annotated[int | None, typer.Option(min=1, help="Cores of each worker.", show_default="the engine's")]
Gpus = Annotated[int, typer.Option(min=0, help="GPUs of each worker.")]
Out = Annotated[
    Path | None, typer.Option(help="File to write.", show_default="NAME with an ending", parser=path_of)
]
Minutes = Annotated[
    int,
    typer.Option(
        min=1, max=60, help="Minutes that workers have to write a checkpoint when they are stopped."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be started, and stop.")]


@launch.command(context_settings=BEHIND)
def slurm(
    command: Command,
    workers: Workers,
    name: Name = None,
    cpus: Cpus = None,
    gpus: Gpus = 0,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--sbatch", help="Option of sbatch, such as time=02:00:00; give --sbatch once for each."
        ),
    ] = None,
    minutes: Minutes = 2,
    out: Out = None,
    submit: Annotated[bool, typer.Option("--submit", help="Give the script to sbatch.")] = False,
    dry_run: DryRun = False,
):
    """Writes a batch script for Slurm; a stopped job goes on when Slurm starts it again."""
    from keras_gen.launch.slurm import script

    job = job_of(command, workers, name, cpus, gpus)
    leave(script(job, options or (), minutes), out or Path(f"{job.name}.sbatch"), ["sbatch"], submit, dry_run)


@launch.command(context_settings=BEHIND)
def kubernetes(
    command: Command,
    workers: Workers,
    image: Annotated[str, typer.Option(help="Container image that has keras-gen.")],
    volumes: Annotated[
        list[str] | None,
        typer.Option(
            "--volume", metavar="CLAIM:/PATH", help="Volume that all pods see, and its path in them."
        ),
    ] = None,
    name: Name = None,
    cpus: Cpus = None,
    gpus: Gpus = 0,
    minutes: Minutes = 2,
    out: Out = None,
    submit: Annotated[bool, typer.Option("--submit", help="Give the manifest to kubectl.")] = False,
    dry_run: DryRun = False,
):
    """Writes a manifest for Kubernetes: an indexed Job, whose pods go on when they are started again."""
    from keras_gen.launch.kubernetes import manifest

    job = job_of(command, workers, name, cpus, gpus)
    text = manifest(job, image, volumes or (), minutes)
    leave(text, out or Path(f"{job.name}.yaml"), ["kubectl", "apply", "-f"], submit, dry_run)


@launch.command(context_settings=BEHIND)
def ray(
    command: Command,
    workers: Workers,
    address: Annotated[
        str | None,
        typer.Option(help="Address of a Ray cluster.", show_default="a running cluster, or this machine"),
    ] = None,
    cpus: Cpus = None,
    gpus: Gpus = 0,
    dry_run: DryRun = False,
):
    """Runs on Ray; if a worker is lost, all go on from the checkpoint. Needs keras_gen[ray]."""
    job = job_of(command, workers, None, cpus, gpus)
    if dry_run:
        say(f"{job.processes} actors, {cpus or 1} cores and {gpus} GPUs each: {job.description}")
        return
    from keras_gen.launch.on_ray import run

    with stopped(lambda: "the same command goes on."):
        status = run(job, address)
    raise typer.Exit(status)


def job_of(command, workers, name=None, cpus=None, gpus=0):
    """The `Job` of a command behind the options of its engine, checked as far as this machine can."""
    from keras_gen import recipes
    from keras_gen.launch.job import Job, name_of

    if command[0] not in COMMANDS:
        raise unknown("command to launch", command[0], COMMANDS)
    parser = typer.Typer(add_completion=False)
    parser.command()(COMMANDS[command[0]])
    given = typer.main.get_command(parser).make_context(command[0], list(command[1:])).params
    for option, place in (
        ("workers", "--workers is given before the command, to the engine"),
        ("cluster", "--cluster auto is added by itself"),
        ("dry_run", "--dry-run is given before the command, or without an engine"),
    ):
        if given.get(option):
            raise InputError(f"{place}: leave it out behind {command[0]}.")
    if given.get("strategy", "auto") not in ("auto", "multiworker"):
        raise InputError(
            f"Workers are of the strategy multiworker, not {given['strategy']}: leave --strategy out."
        )
    recipe = given["recipe"]
    if recipe in recipes.NAMES or not recipe.endswith((".py", ".json")):
        fields = fields_of(given["assignments"], given["more"], data=given["data"])
        recipes.resolve(recipe, fields, given.get("preset"))
    folder = given["output"] or Path("runs") / (
        recipes.short_name(recipe) + ("-tuned" if command[0] == "tune" else "")
    )
    return Job(list(command), workers, folder, name or name_of(folder), cpus, gpus)


def leave(text, file, command, submitted, dry_run):
    """Writes what an engine takes, and gives it to the engine's own command where that is asked for."""
    if dry_run:
        print(text, end="")
        if submitted:
            say(f"# {' '.join(command)} {file}")
        return
    write_atomically(file, text)
    if not submitted:
        say(f"{file} is written: give it to {' '.join(command)}.")
        return
    try:
        status = subprocess.run([*command, str(file)], check=False).returncode
    except FileNotFoundError as error:
        raise InputError(f"{command[0]} is not here, so {file} is written alone.") from error
    sys.exit(status)
