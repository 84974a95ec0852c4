"""Trainings and searches on many machines, by engines that exist: Slurm, Kubernetes and Ray.

Each starts the same command, which finds its other workers (`keras_gen.engines`).
"""
