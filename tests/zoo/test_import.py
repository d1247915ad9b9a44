"""What an import and a cold process may cost."""

import subprocess
import sys

import pytest

import zoo
from zoo import architectures

HEAVY = ("torchvision", "torchmetrics", "accelerate", "datasets", "gradio", "tyro", "matplotlib", "pandas")


def loaded_after(code: str, *arguments: str) -> set[str]:
    """The modules that a fresh interpreter holds after `code`."""
    code += "\nimport sys; print('modules', *sys.modules)"
    command = [sys.executable, "-c", code, *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return set(output[output.index("modules") :].split())


def test_importing_zoo_imports_no_library():
    assert not loaded_after("import zoo") & {"torch", "numpy", "PIL", "huggingface_hub", *HEAVY}


def test_listing_and_telling_need_no_torch(make_checkpoint):
    code = "import sys, zoo; zoo.list_models(); zoo.info(sys.argv[1])"
    assert "torch" not in loaded_after(code, str(make_checkpoint(fields={"size": 32})))


def test_sampling_imports_little_but_torch(make_checkpoint):
    code = "import sys, zoo; [zoo.load(name) for name in sys.argv[1:]]; zoo.load(sys.argv[1]).grid(2)"
    folders = []
    for name, row in architectures.ARCHITECTURES.items():
        fields = {"size": row.sizes[-1]} | ({"classes": 3} if row.conditional else {})
        folders.append(str(make_checkpoint(name, folder=f"runs/{name}", fields=fields)))
    modules = loaded_after(code, *folders)
    assert "torch" in modules
    assert not modules & {"torch._dynamo", "sympy", "huggingface_hub", "httpx", *HEAVY}


def test_the_public_face_is_what_it_says():
    for name in zoo.__all__:
        assert getattr(zoo, name) is not None and name in dir(zoo)
    assert zoo.Model.__name__ == "Model" and zoo.losses.LOSSES
    with pytest.raises(AttributeError, match="nonsense"):
        _ = zoo.nonsense
