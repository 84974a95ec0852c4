"""`keras-gen check`: what it prints, the one file that it writes, and what it refuses."""

import os

import numpy as np
import PIL.Image


def test_check_prints_what_it_finds_and_writes_one_page(run_cli, tmp_path):
    (tmp_path / "mine").mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number % 5).integers(0, 255, (12, 12, 3), np.uint8)
        PIL.Image.fromarray(pixels).save(tmp_path / "mine" / f"[red]{number}\n.png")
    (tmp_path / "mine" / "empty.png").touch()
    code, printed = run_cli("check", "mine", "--out", "page.html")
    assert code == 0 and sorted(os.listdir()) == ["mine", "page.html"], printed
    told = " ".join(printed.split())
    assert "7 images found, used: 6 train. Set aside: The image could not be read: it is empty" in told
    assert "12 x 12 │ 6" in told and "the same" in told and "[red]0\\n.png" in told
    page = (tmp_path / "page.html").read_text()
    assert "[red]0\\n.png" in page
    assert run_cli("check", "mine", "--labels", "none")[0] == 0 and sorted(os.listdir()) == [
        "mine",
        "page.html",
    ]


def test_mistakes_of_check_end_with_2(run_cli, tmp_path):
    (tmp_path / "empty").mkdir()
    for mistake, message in (
        (["nowhere"], "missing path 'nowhere'"),
        (["empty"], "holds no images, recordings or sentences"),
        (["empty", "--out", "page.png"], "such as check.html, not 'page.png'"),
        (["empty", "--out", "no/page.html"], "in a folder that exists"),
        (["empty", "--media", "video"], "Unknown media 'video'"),
        (["digits", "--field", "text"], "field"),
        (["empty", "--seed", "-1"], "seed"),
    ):
        code, printed = run_cli("check", *mistake)
        assert code == 2 and message in printed, (mistake, printed)
    assert os.listdir() == ["empty"]
