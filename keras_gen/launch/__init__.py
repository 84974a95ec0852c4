"""Trainings and searches on many machines, by engines that exist: Slurm and Kubernetes.

Each starts the same command, which finds its other workers (`keras_gen.cluster`).
"""
