"""How models generate: from latents at once, or token by token."""

from keras_gen.sampling.one_shot import OneShot
from keras_gen.sampling.token_by_token import TokenByToken

__all__ = ["OneShot", "TokenByToken"]
