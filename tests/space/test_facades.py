"""The Facades tab: maps in, translations and their PSNR out."""

import base64
import io
import re

import gradio as gr
import pytest
from PIL import Image

import zoo
from space import facades
from tests.toys import same
from zoo import measures, pictures


def shown(html: str) -> list[Image.Image]:
    data = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in data]


def save(picture: Image.Image, path) -> str:
    picture.save(path)
    return str(path)


def test_an_invented_building_goes_through_every_translator(shelf, runs):
    building = zoo.facades.random_building(3)
    html = facades.draw(shelf, 3)
    given, a, b = shown(html)
    assert same(given, building) and not same(a, b)
    assert same(a, zoo.load(runs / "tint-a").translate(building))
    assert "PSNR" not in html


def test_an_uploaded_map_takes_the_place_of_the_invented_one(shelf, runs, tmp_path):
    upload = zoo.facades.random_building(4)
    given, a, _ = shown(facades.draw(shelf, 3, save(upload, tmp_path / "map.png")))
    assert same(given, upload) and same(a, zoo.load(runs / "tint-a").translate(upload))


def test_psnr_and_ssim_are_those_of_each_translation_with_the_photograph(shelf, runs, tmp_path):
    truth = Image.effect_noise((40, 30), 60)  # grey, and of another size
    html = facades.draw(shelf, 3, None, save(truth, tmp_path / "photo.png"))
    for name in ("tint-a", "tint-b"):
        translated = zoo.load(runs / name).translate(zoo.facades.random_building(3))
        pair = translated, pictures.fit(truth.convert("RGB"), 16)
        assert f"PSNR {measures.psnr(*pair):.1f} dB · SSIM {measures.ssim(*pair):.2f}" in html
    assert len(shown(html)) == 4


def test_an_upload_that_is_no_picture_is_said(shelf, tmp_path):
    (tmp_path / "map.png").write_text("<svg/>")
    for files in ((str(tmp_path / "map.png"), None), (None, str(tmp_path / "map.png"))):
        with pytest.raises(gr.Error, match="cannot read that upload: not a picture") as error:
            facades.draw(shelf, 0, *files)
        assert str(tmp_path) not in error.value.message
