"""How often a watermark is found again after what is done to media, how often by chance, and what it costs.

Images are MNIST's and CIFAR-10's test sets and parts of scikit-learn's two photos; recordings are pieces of
LibriSpeech and spoken digits. Each hundred media have a key of their own. Prints tables in Markdown.

    python benchmarks/watermark.py DATA [--sets mnist cifar photos libri fsdd] [--num 500] [--strength 1]
        [--show FOLDER] [--frechet]

DATA is a folder with mnist.npz, cifar10_jpg.zip, librispeech_flac.zip and fsdd_wav.zip.
"""

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import soundfile
import soxr
import tensorflow as tf

from keras_gen.media import Audio, Watermark, marked, pillow
from keras_gen.metrics import reconstruction_distances

COUNTS = (1, 10, 100)
ALARMS = (1e-3, 1e-6)
WRONG = 20  # keys that are looked for in vain


# Media, as (list of arrays, rate or None).


def mnist(data, num):
    digits = np.load(data / "mnist.npz")["x_test"][..., np.newaxis]
    return list(_some(digits, num)), None


def cifar(data, num):
    return [
        np.asarray(PIL.Image.open(file)) for file in _files(data / "cifar10_jpg.zip", "/test/", num)
    ], None


def photos(data, num):
    from sklearn.datasets import load_sample_images

    pieces = [
        photo[top : top + 64, left : left + 64]
        for photo in load_sample_images().images
        for top in range(0, 427 - 64, 64)
        for left in range(0, 640, 64)
    ]
    return pieces[:num], None


def libri(data, num):
    """Pieces of a second from all recordings in turn, which hold some 700."""
    waveforms = [soundfile.read(file) for file in _files(data / "librispeech_flac.zip", ".flac", 100)]
    rate = waveforms[0][1]
    pieces = [
        waveform[start : start + rate]
        for waveform, _ in waveforms
        for start in range(0, len(waveform) - rate, rate)
    ]
    return [pieces[place] for place in np.random.default_rng(0).permutation(len(pieces))[:num]], rate


def fsdd(data, num):
    waveforms = [soundfile.read(file) for file in _files(data / "fsdd_wav.zip", ".wav", num)]
    return [waveform for waveform, _ in waveforms], waveforms[0][1]


def _files(path, within, num):
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if within in name and not name.endswith("/"))
        for name in _some(np.array(names), num):
            yield io.BytesIO(archive.read(name))


def _some(array, num):
    """So many rows of an array at random places, since files come in the order of their classes."""
    return array[np.random.default_rng(0).permutation(len(array))[:num]]


# What is done to them, as functions of an array, the rate and a random generator.


def jpeg(quality):
    def done(image, rate, random):
        file = io.BytesIO()
        pillow.from_array(image).save(file, "JPEG", quality=quality)
        return np.asarray(PIL.Image.open(file)).reshape(image.shape)

    return done


def resized(*scales):
    def done(image, rate, random):
        picture = pillow.from_array(image)
        for scale in scales:
            size = [round(side * scale) for side in image.shape[1::-1]]
            picture = picture.resize(size, PIL.Image.Resampling.BICUBIC)
        return np.asarray(picture).reshape(*picture.size[::-1], image.shape[-1])

    return done


def cropped(where):
    def done(image, rate, random):
        rows, columns = (side * 3 // 4 for side in image.shape[:2])
        spare = image.shape[0] - rows, image.shape[1] - columns
        top, left = (
            [side // 2 for side in spare] if where == "center" else random.integers(0, np.add(spare, 1))
        )
        return image[top : top + rows, left : left + columns]

    return done


def turned(image, rate, random):
    turned = pillow.from_array(image).rotate(2, PIL.Image.Resampling.BICUBIC)
    return np.asarray(turned).reshape(image.shape)


def grains(image, rate, random):
    return np.clip(np.rint(image + random.normal(0, 5, image.shape)), 0, 255).astype("uint8")


def untouched(medium, rate, random):
    return medium


def mp3(kilobits):
    def done(waveform, rate, random):
        highest, lowest = (160, 8) if rate > 12000 else (64, 8)  # of MPEG-2 and 2.5
        level = (highest - min(kilobits, highest)) / (highest - lowest)
        file = io.BytesIO()
        how = {"bitrate_mode": "CONSTANT", "compression_level": level}
        soundfile.write(file, waveform, rate, format="MP3", subtype="MPEG_LAYER_III", **how)
        file.seek(0)
        return soundfile.read(file)[0]

    return done


def cut(waveform, rate, random):
    return waveform[round(0.123 * rate) :]


def hiss(waveform, rate, random):
    return waveform + random.normal(0, np.sqrt(np.mean(waveform**2)) * 10**-1.5, len(waveform))


def resampled(waveform, rate, random):
    return soxr.resample(soxr.resample(waveform, rate, rate * 0.75), rate * 0.75, rate)


def faster(waveform, rate, random):
    return soxr.resample(waveform, rate * 1.02, rate)


IMAGES = {
    "untouched": untouched,
    "JPEG 75": jpeg(75),
    "JPEG 50": jpeg(50),
    "half size and back": resized(0.5, 2),
    "half size": resized(0.5),
    "middle 3/4 of the sides": cropped("center"),
    "3/4 of the sides, anywhere": cropped("anywhere"),
    "noise of sd 5": grains,
    "turned by 2 degrees": turned,
}
SOUNDS = {
    "untouched": untouched,
    "MP3 128 kbit/s": mp3(128),
    "MP3 32 kbit/s": mp3(32),
    "first 0.12 s cut off": cut,
    "noise, 30 dB SNR": hiss,
    "at 3/4 of the rate and back": resampled,
    "2% faster": faster,
}
SETS = {"mnist": mnist, "cifar": cifar, "photos": photos, "libri": libri, "fsdd": fsdd}


def key(number):
    return f"the key of group {number:6d}"


def marked_media(media, rate, strength):
    """Media that are marked in groups of 100, each group with a key of its own."""
    watermarks = [Watermark(key(number), strength) for number in range(-(-len(media) // COUNTS[-1]))]
    return [
        watermarks[place // COUNTS[-1]].mark(medium[np.newaxis], rate)[0]
        for place, medium in enumerate(media)
    ]


def groups(looked, count):
    """Sums of what is looked at of so many media together: list of (place of the first, array)."""
    places = range(0, len(looked) - count + 1, count)
    return [(place, np.sum(looked[place : place + count], axis=0)) for place in places]


def found_again(media, rate, strength):
    """Rows of what is found: what was done, and for each count the shares at each false alarm."""
    made, rows = marked_media(media, rate, strength), []
    watermarks = [Watermark(key(number)) for number in range(-(-len(media) // COUNTS[-1]))]
    for name, function in (IMAGES if rate is None else SOUNDS).items():
        random, row = np.random.default_rng(0), [name]
        touched = [function(medium, rate, random) for medium in made]
        found = [marked.looked_at([medium], rate) for medium in touched]
        plane, looked = found[0][0], [sums for _, sums in found]
        for count in COUNTS:
            chances = [
                watermarks[place // COUNTS[-1]].detect_in(plane, sums, count).probability
                for place, sums in groups(looked, count)
            ]
            shares = [f"{np.mean(np.array(chances) <= alarm):.0%}" for alarm in ALARMS]
            row.append(", ".join(shares) if chances else "-")
        rows.append(row)
    return rows


def by_chance(media, rate, strength):
    """Rows of the shares of wrong keys that are found: in media as they are, and in marked ones."""
    wrong, rows = [Watermark(key(-1 - number)) for number in range(WRONG)], []
    for kind in ("as they are", "marked with another key"):
        given = media if kind == "as they are" else marked_media(media, rate, strength)
        found = [marked.looked_at([medium], rate) for medium in given]
        plane, looked = found[0][0], [sums for _, sums in found]
        chances = np.array(
            [
                each.detect_in(plane, sums, count).probability
                for count in COUNTS
                for _, sums in groups(looked, count)
                for each in wrong
            ]
        )
        shares = [f"{np.mean(chances <= alarm):.1e}" for alarm in (1e-2, *ALARMS)]
        rows.append([kind, f"{len(chances):,}", *shares])
    return rows


def costs(media, rate, strength):
    """What marks change: dict, name -> number."""
    watermark = Watermark(key(0), strength)
    if rate is None:
        given = np.stack(media)
        made = watermark.mark(given)
        psnr = tf.image.psnr(given, made, 255)
        ssim = tf.image.ssim(tf.constant(given), tf.constant(made), 255, filter_size=7)
        changed = np.abs(made.astype(int) - given)
        return {
            "PSNR, dB": np.mean(psnr),
            "SSIM": np.mean(ssim),
            "mean change, levels": changed.mean(),
            "largest": changed.max(),
        }
    length = min(map(len, media)) // 128 * 128
    given = np.stack([medium[:length] for medium in media]).astype("float32")
    made = watermark.mark(given, rate)
    audio = Audio(length, rate, mels=40, window=512, hop=128)
    distances = reconstruction_distances(audio, given, made)
    noise = 10 * np.log10((given**2).sum(axis=1) / ((made - given) ** 2).sum(axis=1))
    return {"SNR, dB": noise.mean(), "log-mel, dB": distances["log_mel"], "mr_stft": distances["mr_stft"]}


def frechet(data, strength):
    """Frechet distances of training digits from MNIST's test digits, as they are and marked."""
    from keras_gen import datasets
    from keras_gen.metrics import Quality, frechet_distance

    dataset = datasets.load(str(data / "mnist.npz"))
    quality, digits = Quality(dataset), _some(dataset.arrays("train")[0], 10000)
    real = quality.embed(dataset.arrays("test")[0])
    made = Watermark(key(0), strength).mark(digits)
    return [float(frechet_distance(real, quality.embed(each))) for each in (digits, made)]


def show(name, media, rate, strength, folder):
    """Writes media as they are, marked, and 8 times their difference, below each other."""
    watermark = Watermark(key(0), strength)
    if rate is None:
        given = np.stack(media[:8])
        made = watermark.mark(given)
        apart = np.clip(128 + 8 * (made.astype(int) - given), 0, 255).astype("uint8")
    else:
        length = min(map(len, media)) // 128 * 128
        given = np.stack([medium[:length] for medium in media[:4]]).astype("float32")
        made = watermark.mark(given, rate)
        audio = Audio(length, rate, mels=80, window=512, hop=128, fft_length=1024)
        given, made = (audio.spectrograms(each) for each in (given, made))
        apart = np.clip(128 + 8 * (made.astype(int) - given), 0, 255).astype("uint8")
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in (given, made, apart)], axis=0)
    sheet = sheet.repeat(3, axis=0).repeat(3, axis=1)
    pillow.write(sheet, folder / f"{name}.png")


def table(heads, rows):
    print(f"\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--num", type=int, default=500)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument(
        "--show", type=Path, help="folder for pictures of media, marked media and what differs"
    )
    parser.add_argument("--frechet", action="store_true", help="also of features, which trains a classifier")
    arguments = parser.parse_args()
    for name in arguments.sets:
        media, rate = SETS[name](arguments.data, arguments.num)
        print(f"\n## {name}: {len(media)} of {media[0].shape}, strength {arguments.strength:g}")
        print(
            ", ".join(f"{what} {value:.4g}" for what, value in costs(media, rate, arguments.strength).items())
        )
        if arguments.show:
            show(name, media, rate, arguments.strength, arguments.show)
        heads = [f"{count} together: found at {ALARMS[0]:g}, {ALARMS[1]:g}" for count in COUNTS]
        table(["what was done", *heads], found_again(media, rate, arguments.strength))
        heads = ["media", "searches", *(f"found at {alarm:g}" for alarm in (1e-2, *ALARMS))]
        table(heads, by_chance(media, rate, arguments.strength))
    if arguments.frechet:
        print(
            "\nMNIST, Frechet distance of training digits, and of the same marked:",
            *frechet(arguments.data, arguments.strength),
        )


if __name__ == "__main__":
    main()
