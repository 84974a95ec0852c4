import numpy as np
import pytest
import scipy.signal

from keras_gen.errors import InputError
from keras_gen.media.cleaning import chunks, clean, fit, loudness_of, to_int16
from keras_gen.media.recordings import resample

RATE = 16000
FRAME = 320  # 20 ms
HIGHEST_PEAK = 10 ** (-1 / 20)
# The filters of BS.1770-4 at 48 kHz, tables 1 and 2: a shelf for the head, then a high pass.
WEIGHTING = [
    [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
    [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
]


def sine(frequency, rate, seconds, level=0.0):
    """Of a level in dB of full scale, which is that of its peak."""
    time = np.arange(round(seconds * rate)) / rate
    return (10 ** (level / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def noise(samples, seed=0, peak=0.1):
    return np.random.default_rng(seed).uniform(-peak, peak, samples).astype(np.float32)


def silence(samples):
    return np.zeros(samples, np.float32)


def refusal(waveform, rate=RATE, **settings):
    with pytest.raises(InputError) as caught:
        clean(waveform, rate, RATE, **settings)
    return str(caught.value)


# EBU Tech 3341 allows a meter 0.1 LU. Below 48 kHz the bilinear transform draws the shelf, which is steepest
# near 1 kHz, in toward the Nyquist frequency: at 8 kHz that takes up to 0.25 LU off or onto it, at no
# frequency more.
@pytest.mark.parametrize("rate, tolerance", [(48000, 0.1), (16000, 0.1), (8000, 0.25)])
def test_sines_are_as_loud_as_bs1770_says(rate, tolerance):
    assert loudness_of(sine(997, rate, 5.0), rate) == pytest.approx(-3.01, abs=tolerance)
    assert loudness_of(sine(1000, rate, 5.0, -20), rate) == pytest.approx(-23.0, abs=tolerance)
    for frequency in (60, 500, 2000, 3500):
        _, response = scipy.signal.sosfreqz(WEIGHTING, [frequency], fs=48000)
        expected = -3.01 - 0.691 + 20 * np.log10(np.abs(response[0]))
        assert loudness_of(sine(frequency, rate, 5.0), rate) == pytest.approx(expected, abs=tolerance)


# Levels and seconds of EBU Tech 3341's cases, 3 dB up for one channel instead of two: all are -23 LUFS.
@pytest.mark.parametrize(
    "parts",
    [
        [(-33, 10), (-20, 60), (-33, 10)],
        [(-69, 10), (-33, 10), (-20, 60), (-33, 10), (-69, 10)],
        [(-23, 20), (-17, 20.1), (-23, 20)],
        [(-200, 10), (-20, 60), (-200, 10)],
    ],
    ids=["case 3", "case 4", "case 5", "silence"],
)
def test_the_gate_leaves_quiet_parts_out(parts):
    rate = 48000
    waveform = np.concatenate([sine(1000, rate, seconds, level) for level, seconds in parts])
    assert loudness_of(waveform, rate) == pytest.approx(-23.0, abs=0.1)


def test_what_bs1770_cannot_measure_is_measured_without_weighting():
    # At 60 Hz the weighting takes 2.7 dB away, so that the one formula is not taken for the other.
    def plain(waveform):
        return 10 * np.log10(np.mean(waveform.astype(np.float64) ** 2)) - 0.691

    hum = sine(60, RATE, 0.5, -20)
    short, enough, faint = hum[:6399], hum[:6400], hum * np.float32(1e-3)
    assert loudness_of(short, RATE) == pytest.approx(plain(short), abs=1e-9)
    assert loudness_of(enough, RATE) < plain(enough) - 1
    assert loudness_of(faint, RATE) == pytest.approx(plain(faint), abs=1e-9)


def test_a_block_that_is_not_whole_is_not_measured():
    whole = sine(500, RATE, 0.4)
    for seconds in (0.42, 0.46, 0.49):
        longer = np.append(whole, np.zeros(round((seconds - 0.4) * RATE), np.float32))
        assert loudness_of(longer, RATE) == pytest.approx(loudness_of(whole, RATE), abs=1e-6)


def test_channels_are_averaged_and_brought_to_the_wanted_rate():
    left, right = sine(300, 44100, 0.5, -12), sine(1100, 44100, 0.5, -6)
    cleaned = clean(np.stack([left, right], axis=1), 44100, RATE, trim=None, loudness=None, repair=False)
    assert cleaned.dtype == np.float32 and cleaned.shape == (8000,)
    np.testing.assert_allclose(cleaned, resample((left + right) / 2, 44100, RATE), atol=1e-6)
    # Two of one kind are twice a channel, but as loud as it.
    np.testing.assert_array_equal(clean(np.stack([left] * 2, axis=1), 44100, RATE), clean(left, 44100, RATE))


@pytest.mark.parametrize("channels", [None, 1, 2])
def test_ends_are_trimmed_to_within_a_frame_and_pauses_stay(channels):
    voice = np.concatenate([noise(4000, 1), silence(6000), noise(5000, 2)])
    waveform = np.concatenate([silence(4321), voice, silence(7777)])
    # 50 dB below the voice.
    waveform += noise(len(waveform), 3, 0.1 * 10 ** (-50 / 20))
    raw = waveform if channels is None else np.repeat(waveform[:, None], channels, axis=1)
    cleaned = clean(raw, RATE, RATE, loudness=None, repair=False)
    start = np.correlate(waveform, cleaned, "valid").argmax()
    np.testing.assert_allclose(cleaned, waveform[start : start + len(cleaned)], atol=1e-7)
    assert 4321 - FRAME < start <= 4321
    assert 4321 + len(voice) <= start + len(cleaned) < 4321 + len(voice) + FRAME


def test_trim_is_the_level_below_the_loudest_at_which_silence_begins():
    fading = np.concatenate([sine(500, RATE, 0.5, level) for level in (-55, -35, -10, -45, -65)])
    lengths = [len(clean(fading, RATE, RATE, trim, None)) for trim in (20, 30, 40, 50, 60, None)]
    np.testing.assert_array_equal(np.array(lengths) / RATE, [0.5, 1.0, 1.5, 2.0, 2.5, 2.5])


@pytest.mark.parametrize("wanted", [-30.0, -23.0])
@pytest.mark.parametrize("seconds", [0.3, 3.0])
def test_loudness_is_reached(wanted, seconds):
    for level in (-50, -3):
        cleaned = clean(sine(440, 22050, seconds, level), 22050, RATE, loudness=wanted)
        assert loudness_of(cleaned, RATE) == pytest.approx(wanted, abs=0.1)
    # And not by its own measure alone: this sine is -20 dBFS at -23 LUFS, see above; here without weighting,
    # at 0.3 s.
    loudest = np.abs(clean(sine(1000, RATE, seconds), RATE, RATE, loudness=wanted)).max()
    assert 20 * np.log10(loudest) == pytest.approx(wanted + (3.0 if seconds > 1 else 3.7), abs=0.15)


@pytest.mark.parametrize("loudness", [-23.0, None])
def test_a_peak_is_kept_from_full_scale_by_less_gain_and_not_by_clipping(loudness):
    spiky = noise(RATE, peak=0.01)
    spiky[[5000, 9000]] = 1.0, -0.6
    cleaned = clean(spiky, RATE, RATE, loudness=loudness, repair=False)
    assert np.abs(cleaned).max() == pytest.approx(HIGHEST_PEAK, rel=1e-6)
    np.testing.assert_allclose(cleaned, spiky[: len(cleaned)] * HIGHEST_PEAK, rtol=1e-5)


def test_none_keeps_ends_and_level():
    waveform = np.concatenate([silence(3000), noise(8000), silence(3000)])
    kept = clean(waveform, RATE, RATE, trim=None, loudness=None, repair=False)
    np.testing.assert_array_equal(kept, waveform)


FAULTS = {
    "The recording is damaged": [
        np.where(np.arange(8000) == 7, np.nan, noise(8000)),
        np.where(np.arange(8000) == 9, -np.inf, noise(8000)),
        noise((8000, 2)) * np.float32(1e8),
        np.full(10, np.nan),
    ],
    "The recording is silent": [
        silence(8000),
        noise(8000, peak=5e-4),
        noise(8000, peak=5e-4) + np.float32(0.5),
        silence(0),
        np.zeros((0, 2), np.float32),
    ],
    "The recording is too short": [
        noise(79),
        np.ones(1, np.float32),
    ],
}


@pytest.mark.parametrize("reason", FAULTS)
def test_recordings_of_one_fault_are_refused_for_one_reason(reason):
    for waveform in FAULTS[reason]:
        for rate in (RATE, 2 * RATE):
            assert refusal(waveform, rate).split(":")[0] == reason


def test_what_is_barely_no_fault_is_taken():
    # Scaled as integers of 16 bits; just loud enough; just long enough.
    for waveform in (noise(8000) * 32768, noise(8000, peak=2e-3), noise(80)):
        assert loudness_of(clean(waveform, RATE, RATE), RATE) == pytest.approx(-23, abs=0.1)
    assert len(clean(noise(160), RATE, RATE, shortest=0.01)) == 160
    trimmed = np.concatenate([silence(5120), noise(300), silence(5000)])
    for waveform, shortest in ((noise(159), 0.01), (trimmed, 0.05)):
        assert refusal(waveform, shortest=shortest).startswith("The recording is too short: ")
    assert len(clean(noise(3), RATE, RATE, shortest=None)) == 3


@pytest.mark.parametrize("offset", [0.005, 0.2])
def test_an_offset_is_taken_out_before_silence_and_loudness_are_measured(offset):
    # Over a whole number of periods, so that the mean of what was recorded is 0.
    recorded = np.concatenate([silence(8000), sine(400, RATE, 1.0, -30), silence(8000)])
    expected, told = clean(recorded, RATE, RATE), []
    assert len(expected) == RATE
    # The zeros around it, too, are of the file and not of the gear.
    framed = np.concatenate([silence(RATE), recorded[8000:-8000] + np.float32(offset), silence(RATE)])
    np.testing.assert_allclose(clean(framed, RATE, RATE), expected, atol=1e-3)
    for channels in (None, 1, 2):
        raw = recorded if channels is None else np.repeat(recorded[:, None], channels, axis=1)
        found = clean(raw + np.float32(offset), RATE, RATE, tell=told.append)
        assert len(found) == RATE
        np.testing.assert_allclose(found, expected, atol=1e-5)
    # What a gear of ordinary quality adds is nothing to be told of.
    assert len(told) == (3 if offset > 0.01 else 0) and all("offset" in fault for fault in told)
    # Of less than two periods of what is heard, the mean is part of the sound.
    thud = np.abs(sine(40, RATE, 0.05))
    np.testing.assert_array_equal(
        clean(thud, RATE, RATE, trim=None, loudness=None), clean(thud, RATE, RATE, None, None, repair=False)
    )


OPPOSITE = "channels of opposite polarity, of which some were inverted to be mixed"


@pytest.mark.parametrize("signs, leak, faults", [
    ([1, -1], 0.0, [OPPOSITE]),
    ([1, -0.95], 0.05, [OPPOSITE]),
    ([-1, 0.5, 0.5], 0.0, [OPPOSITE]),
    # A mix from which nothing is lost stays the mean.
    ([1, -0.5], 0.0, []),
    ([1, 1], 0.5, []),
    ([1, 0], 0.0, []),
])  # fmt: skip
def test_channels_that_cancel_each_other_are_mixed_in_phase(signs, leak, faults):
    voice, told = noise(RATE, 4), []
    others = [leak * noise(RATE, 5 + place) for place in range(len(signs))]
    raw = np.stack([sign * voice + other for sign, other in zip(signs, others, strict=True)], axis=1)
    mixed = clean(raw, RATE, RATE, trim=None, loudness=None, tell=told.append)
    assert told == faults
    wanted = np.abs(signs) if faults else signs
    similar = np.corrcoef(mixed, voice)[0, 1] * np.sign(np.mean(signs) or 1.0)
    assert abs(similar) > 0.85 and np.std(mixed) == pytest.approx(np.std(voice) * np.mean(wanted), rel=0.2)


def test_fit_crops_or_pads_the_end():
    np.testing.assert_array_equal(fit(np.arange(1, 6), 3), [1, 2, 3])
    np.testing.assert_array_equal(fit(np.arange(1, 4), 5), [1, 2, 3, 0, 0])
    assert fit(silence(3), 5).dtype == np.float32


@pytest.mark.parametrize(
    "length, expected",
    [
        (1, [[1, 0, 0, 0]]),
        (4, [[1, 2, 3, 4]]),
        (5, [[1, 2, 3, 4]]),
        (6, [[1, 2, 3, 4], [5, 6, 0, 0]]),
        (8, [[1, 2, 3, 4], [5, 6, 7, 8]]),
    ],
    ids=["the only one", "whole", "less than half", "half", "two"],
)
def test_chunks_keep_a_last_one_from_half_on(length, expected):
    np.testing.assert_array_equal(chunks(np.arange(1, length + 1), 4), expected)


def test_to_int16_rounds_and_clips():
    waveform = np.array([0.4, 0.6, -0.4, -0.6, 32767, 32768, 50000, -32768, -50000]) / 32768
    packed = to_int16(waveform)
    assert packed.dtype == np.int16
    np.testing.assert_array_equal(packed, [0, 1, 0, -1, 32767, 32767, 32767, -32768, -32768])
