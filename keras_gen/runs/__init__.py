"""Training from end to end: the folder of a run, what becomes of it there, samples, and processes.

Nothing here imports TensorFlow before something is trained or drawn.
"""
