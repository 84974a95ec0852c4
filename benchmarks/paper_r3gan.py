"""A training step of the R3GAN paper's own code, from a folder with a clone of github.com/brownvc/R3GAN."""

import sys

import torch

GAMMA, LATENT, GROUP = 0.05, 64, 16
HALF_LIFE = 100_000  # examples, of the generator's moving average


def make_step(folder, width, blocks, batch, device):
    """The step of its training loop, without augmentation and labels.

    Args:
        folder: with the clone.
        width: feature maps at the size of the image, doubled at each halving, as in the kit's `r3gan`.
        blocks: residual blocks at each size.
        batch: examples in a batch.
        device: of PyTorch.

    Returns:
        (function of a batch of images for each of the two networks, uint8 (batch, 3, 32, 32); which operators
        of its own it runs, "fused" or "reference").
    """
    sys.path.insert(0, folder)
    operators = choose_operators(device)
    from R3GAN.Networks import Discriminator, Generator
    from R3GAN.Trainer import AdversarialTraining

    widths = [width << level for level in (3, 2, 1, 0)]
    groups = [2 * each // GROUP for each in widths]
    generator = Generator(LATENT, widths, groups, [blocks] * 4, 2)
    discriminator = Discriminator(widths[::-1], groups[::-1], [blocks] * 4, 2)
    # As its train.py sets CIFAR-10: all sizes in bfloat16 but the smallest.
    for stage in (*generator.MainLayers[1:], *discriminator.MainLayers[:3]):
        stage.DataType = torch.bfloat16
    average = Generator(LATENT, widths, groups, [blocks] * 4, 2)
    for network in (generator, discriminator, average):
        network.to(device).requires_grad_(False)
    average.load_state_dict(generator.state_dict())
    networks = {"discriminator": discriminator, "generator": generator}
    optimizers = {
        name: torch.optim.Adam(network.parameters(), 2e-4, betas=(0.0, 0.9), eps=1e-8)
        for name, network in networks.items()
    }
    training = AdversarialTraining(generator, discriminator)

    def step(images_of_discriminator, images_of_generator):
        for name, images in (
            ("discriminator", images_of_discriminator),
            ("generator", images_of_generator),
        ):
            real = images.float() / 127.5 - 1
            latents = torch.randn(len(real), LATENT, device=device)
            optimizers[name].zero_grad(set_to_none=True)
            networks[name].requires_grad_(True)
            if name == "discriminator":
                training.AccumulateDiscriminatorGradients(latents, real, None, GAMMA)
            else:
                training.AccumulateGeneratorGradients(latents, real, None)
            networks[name].requires_grad_(False)
            optimizers[name].step()
        for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
            mean.lerp_(value, 1 - 0.5 ** (batch / HALF_LIFE))

    return step, operators


def choose_operators(device):
    """Has the paper's networks take its fused operators where these build, else the reference ones."""
    from R3GAN import FusedOperators, Resamplers
    from torch_utils.ops import bias_act, upfirdn2d

    try:
        if device == "cuda" and bias_act._init() and upfirdn2d._init():
            return "fused"
    except Exception as error:  # noqa: BLE001 - whatever a compiler may lack
        print(f"The fused operators do not build: {error}", file=sys.stderr)
    FusedOperators.BiasedActivation = FusedOperators.BiasedActivationReference
    for name in ("InterpolativeUpsampler", "InterpolativeDownsampler"):
        setattr(Resamplers, name, getattr(Resamplers, f"{name}Reference"))
    return "reference"
