"""The same DCGAN step in PyTorch, layer for layer, for comparison of speed alone."""

import torch
from torch import nn
from torch.nn import functional as F


def networks(size, channels, width, latent_dim, doublings):
    """The kit's `dcgan` of the same arguments, without labels."""
    start = size >> doublings
    deepest = width << (doublings - 1)
    generator = [
        nn.Linear(latent_dim, start * start * deepest, bias=False),
        nn.Unflatten(1, (deepest, start, start)),
    ]
    discriminator, seen = [], channels
    for level in range(doublings):
        made = width << (doublings - 2 - level) if level < doublings - 1 else channels
        generator += [nn.BatchNorm2d(width << (doublings - 1 - level)), nn.ReLU()]
        generator += [
            nn.ConvTranspose2d(width << (doublings - 1 - level), made, 4, 2, 1, bias=made == channels)
        ]
        discriminator += [nn.Conv2d(seen, width << level, 4, 2, 1), nn.LeakyReLU(0.2)]
        seen = width << level
    generator += [nn.Tanh()]
    discriminator += [nn.Flatten(), nn.Linear(start * start * seen, 1)]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


def make_step(generator, discriminator, latent_dim, **adam):
    """One step of both players as in PyTorch's DCGAN tutorial: one generator pass, all gradients."""
    optimizers = [
        torch.optim.Adam(n.parameters(), 2e-4, betas=(0.5, 0.999), **adam) for n in (generator, discriminator)
    ]

    def step(images):
        real = images.float() / 127.5 - 1
        fake = generator(torch.randn(len(real), latent_dim, device=real.device))
        optimizers[1].zero_grad()
        loss = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(fake.detach())).mean()
        loss.backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        F.softplus(-discriminator(fake)).mean().backward()
        optimizers[0].step()

    return step
