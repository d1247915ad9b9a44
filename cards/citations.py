"""What may be cited by its key, and of a data set its title and licence. Losses and architectures name their keys."""

from dataclasses import dataclass

from zoo import architectures
from zoo.config import Dataset
from zoo.losses import LOSSES

BIBTEX = {
    "goodfellow2014": """@inproceedings{goodfellow2014,
  title = {Generative Adversarial Nets},
  author = {Goodfellow, Ian and Pouget-Abadie, Jean and Mirza, Mehdi and Xu, Bing and Warde-Farley, David
            and Ozair, Sherjil and Courville, Aaron and Bengio, Yoshua},
  booktitle = {NeurIPS}, year = {2014}
}""",
    "mao2017": """@inproceedings{mao2017,
  title = {Least Squares Generative Adversarial Networks},
  author = {Mao, Xudong and Li, Qing and Xie, Haoran and Lau, Raymond Y. K. and Wang, Zhen
            and Smolley, Stephen Paul},
  booktitle = {ICCV}, year = {2017}
}""",
    "arjovsky2017": """@inproceedings{arjovsky2017,
  title = {Wasserstein Generative Adversarial Networks},
  author = {Arjovsky, Martin and Chintala, Soumith and Bottou, L{\\'e}on},
  booktitle = {ICML}, year = {2017}
}""",
    "gulrajani2017": """@inproceedings{gulrajani2017,
  title = {Improved Training of {Wasserstein} {GANs}},
  author = {Gulrajani, Ishaan and Ahmed, Faruk and Arjovsky, Martin and Dumoulin, Vincent and Courville, Aaron},
  booktitle = {NeurIPS}, year = {2017}
}""",
    "lin2017": """@inproceedings{lin2017,
  title = {Focal Loss for Dense Object Detection},
  author = {Lin, Tsung-Yi and Goyal, Priya and Girshick, Ross and He, Kaiming and Doll{\\'a}r, Piotr},
  booktitle = {ICCV}, year = {2017}
}""",
    "pixelwise": """@misc{pixelwise,
  title = {Enhancing Pixelwise {GANs} through Advanced Loss Functions and Regularization Techniques}
}""",
    "lim2017": """@misc{lim2017,
  title = {Geometric {GAN}},
  author = {Lim, Jae Hyun and Ye, Jong Chul},
  year = {2017}, eprint = {1705.02894}, archivePrefix = {arXiv}
}""",
    "kodali2017": """@misc{kodali2017,
  title = {On Convergence and Stability of {GANs}},
  author = {Kodali, Naveen and Abernethy, Jacob and Hays, James and Kira, Zsolt},
  year = {2017}, eprint = {1705.07215}, archivePrefix = {arXiv}
}""",
    "berthelot2017": """@misc{berthelot2017,
  title = {{BEGAN}: Boundary Equilibrium Generative Adversarial Networks},
  author = {Berthelot, David and Schumm, Thomas and Metz, Luke},
  year = {2017}, eprint = {1703.10717}, archivePrefix = {arXiv}
}""",
    "jolicoeur2019": """@inproceedings{jolicoeur2019,
  title = {The Relativistic Discriminator: a Key Element Missing from Standard {GAN}},
  author = {Jolicoeur-Martineau, Alexia},
  booktitle = {ICLR}, year = {2019}
}""",
    "huang2024": """@inproceedings{huang2024,
  title = {The {GAN} is Dead; Long Live the {GAN}! A Modern {GAN} Baseline},
  author = {Huang, Yiwen and Gokaslan, Aaron and Kuleshov, Volodymyr and Tompkin, James},
  booktitle = {NeurIPS}, year = {2024}
}""",
    "radford2016": """@inproceedings{radford2016,
  title = {Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks},
  author = {Radford, Alec and Metz, Luke and Chintala, Soumith},
  booktitle = {ICLR}, year = {2016}
}""",
    "miyato2018": """@inproceedings{miyato2018,
  title = {Spectral Normalization for Generative Adversarial Networks},
  author = {Miyato, Takeru and Kataoka, Toshiki and Koyama, Masanori and Yoshida, Yuichi},
  booktitle = {ICLR}, year = {2018}
}""",
    "koyama2018": """@inproceedings{koyama2018,
  title = {{cGANs} with Projection Discriminator},
  author = {Miyato, Takeru and Koyama, Masanori},
  booktitle = {ICLR}, year = {2018}
}""",
    "leastsquares": """@misc{leastsquares,
  title = {Least Squares {GANs} for Image Generation}
}""",
    "isola2017": """@inproceedings{isola2017,
  title = {Image-to-Image Translation with Conditional Adversarial Networks},
  author = {Isola, Phillip and Zhu, Jun-Yan and Zhou, Tinghui and Efros, Alexei A.},
  booktitle = {CVPR}, year = {2017}
}""",
    "krizhevsky2009": """@techreport{krizhevsky2009,
  title = {Learning Multiple Layers of Features from Tiny Images},
  author = {Krizhevsky, Alex},
  institution = {University of Toronto}, year = {2009}
}""",
    "xiao2017": """@misc{xiao2017,
  title = {{Fashion-MNIST}: a Novel Image Dataset for Benchmarking Machine Learning Algorithms},
  author = {Xiao, Han and Rasul, Kashif and Vollgraf, Roland},
  year = {2017}, eprint = {1708.07747}, archivePrefix = {arXiv}
}""",
    "tylecek2013": """@inproceedings{tylecek2013,
  title = {Spatial Pattern Templates for Recognition of Objects with Regular Structure},
  author = {Tyle{\\v c}ek, Radim and {\\v S}{\\'a}ra, Radim},
  booktitle = {GCPR}, year = {2013}
}""",
}


@dataclass(frozen=True)
class Data:
    """`licence` in words; `weights`: the licence of weights learned from it, as the Hub names licences."""

    licence: str
    weights: str = "apache-2.0"
    cite: tuple[str, ...] = ()


DATA = {
    "cifar10": Data(
        "Its authors ask to be cited (Krizhevsky 2009) and name no licence.",
        cite=("krizhevsky2009",),
    ),
    "fashion-mnist": Data("MIT, as its authors state (Zalando SE).", cite=("xiao2017",)),
    "facades": Data(
        "Its authors ask to be cited (Tyleček & Šára, GCPR 2013); no other terms are known here.",
        cite=("tylecek2013",),
    ),
    "cats64": Data(
        "No licence is stated for the cat faces: find out yourself before you use the model for more than a look.",
        weights="unknown",
    ),
}


def data(of: Dataset) -> Data:
    """A data set that nobody described here is its owner's affair, and the card says so."""
    unknown = "Nothing is known here of this data set's licence: ask whoever collected it."
    return DATA.get(of.known) or Data(unknown, weights="unknown")


def bibtex(loss: str, architecture: str, dataset: Dataset) -> list[str]:
    """Entries, each once: of the loss, the architecture and the data."""
    of_loss = LOSSES[loss].cite if loss in LOSSES else ()  # "none" has no author
    keys = (*of_loss, *architectures.get(architecture).cite, *data(dataset).cite)
    return [key if key.startswith("@") else BIBTEX[key] for key in dict.fromkeys(keys)]
