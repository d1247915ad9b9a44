"""The published figures that ours stand beside."""

# By the first letter of their claims' keys.
SOURCES = {
    "F": "Enhancing Pixelwise GANs (focal loss)",
    "L": "Least Squares GANs for Image Generation (Fashion-MNIST)",
    "S": "A gentle introduction to GAN loss functions (survey)",
    "R": "Comparing adversarial loss functions in ResNet-based GANs on CIFAR-10",
}

# "Enhancing Pixelwise GANs", Table 4: mean PSNR (dB) of pix2pix on Facades, from the highest.
PSNR = {"vanilla": 28.813, "focal": 28.351, "lsgan": 28.056, "wgan-gp": 27.778}

# "Least Squares GANs for Image Generation": FID against Fashion-MNIST's test split. Column → (our architecture,
# momentum of batch norm's statistics, or None for the checkpoint's own, {our loss: figure}).
FASHION = {
    "no batch norm": ("convgan", None, {"vanilla": 66.73, "lsgan": 48.72}),
    "momentum 0.1": ("convgan-bn", 0.1, {"vanilla": 144.43, "lsgan": 74.12}),
    "momentum 0.05": ("convgan-bn", 0.05, {"vanilla": 347.65, "lsgan": 144.11}),
    "deeper, momentum 0.1": ("convgan-deep", 0.1, {"lsgan": 94.23}),
}

# Lucic et al. 2018, Table 2: FID, best of a wide search, mean over 50 seeds, so many samples against the test split.
LUCIC_N = 10_000
LUCIC = {
    "fashion-mnist": {"minimax": 29.6, "vanilla": 26.5, "lsgan": 30.7, "wgan": 21.5, "wgan-gp": 24.5,
                      "dragan": 27.7, "began": 22.9},
    "cifar10": {"minimax": 72.7, "vanilla": 58.5, "lsgan": 87.1, "wgan": 55.2, "wgan-gp": 55.8,
                "dragan": 69.8, "began": 71.4},
}  # fmt: skip

# "Comparing adversarial loss functions in ResNet-based GANs on CIFAR-10": what it reports of its curves, no FID.
RESNET = {
    "vanilla": "G near 0.7, D within 1.3–1.5",
    "wgan": "G down to −2180, critic up to 2157",
    "hinge": "both settled by the second epoch",
}

# The same in figures. Our loss → {player: (low, high)} within which its loss is said to lie, or an extreme it reaches.
RESNET_RANGES = {
    "vanilla": {"g": (0.63, 0.77), "d": (1.3, 1.5)},
    "wgan": {"g": (-2180, None), "d": (None, 2157)},
}
RESNET_SETTLED = 100.0  # kimg: hinge's end of the second epoch

# Figures of curves, of which papers have no data: whose they are, which of ours stand beside them, what they show.
PIXELWISE = "Enhancing Pixelwise GANs"
OURS_OF_PIXELWISE = ["vanilla", "lsgan", "wgan", "wgan-gp", "focal"]
CURVES = [
    {
        "source": PIXELWISE, "figures": "figures 2–5", "families": ["dcgan", "cdcgan"], "data": "cifar10",
        "losses": OURS_OF_PIXELWISE, "kimg": 5000,
        "shows": "both losses per epoch, batch 256",
    },
    {
        "source": PIXELWISE, "figures": "figures 6–9", "families": ["pix2pix"], "data": "facades",
        "losses": OURS_OF_PIXELWISE, "kimg": None,
        "shows": "both losses, a figure per loss",
    },
    *(
        {
            "source": "Comparing adversarial loss functions in ResNet-based GANs", "figures": "the loss curves",
            "families": ["sngan"], "data": "cifar10", "losses": [loss], "kimg": 250, "shows": shows,
        }
        for loss, shows in RESNET.items()
    ),
]  # fmt: skip
