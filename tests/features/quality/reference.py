"""Quality measures by plain numpy and scipy, written after the papers.

    /usr/bin/python3 tests/features/quality/reference.py

prints what tests/features/quality/quality.test.ts compares with. Everything random comes from RandomState.
"""

import json

import numpy as np
from scipy.linalg import sqrtm
from scipy.ndimage import convolve1d

TAPS = np.array([1, 4, 6, 4, 1]) / 16


def smooth(x, gain=1):
    for axis in (-2, -1):
        x = convolve1d(x, TAPS * gain, axis=axis, mode="mirror")
    return x


def pyramid(x):
    levels = []
    while (x.shape[-1] + 1) // 2 >= 16:
        small = smooth(x)[..., ::2, ::2]
        wide = np.zeros_like(x)
        wide[..., ::2, ::2] = small
        levels.append(x - smooth(wide, 2))
        x = small
    return [*levels, x]


def patches(images, per_image, random):
    found = None
    for image in images:
        levels = pyramid(image)
        found = found or [[] for _ in levels]
        for level, rows in zip(levels, found):
            for _ in range(per_image):
                top, left = random.randint(level.shape[-1] - 6), random.randint(level.shape[-1] - 6)
                rows.append(level[:, top : top + 7, left : left + 7])
    result = []
    for rows in found:
        rows = np.array(rows)
        rows = (rows - rows.mean((0, 2, 3), keepdims=True)) / rows.std((0, 2, 3), keepdims=True)
        result.append(rows.reshape(len(rows), -1))
    return result


def sliced(a, b, directions, random):
    distances = []
    for p, q in zip(a, b):
        d = random.randn(directions, p.shape[1])
        d /= np.linalg.norm(d, axis=1, keepdims=True)
        distances.append(1000 * np.abs(np.sort(p @ d.T, 0) - np.sort(q @ d.T, 0)).mean())
    return distances


def neighbours(real, fake, k):
    def distances(a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=2)

    radius = np.sort(distances(real, real), 1)[:, k]
    radius_fake = np.sort(distances(fake, fake), 1)[:, k]
    d = distances(real, fake)
    inside = d < radius[:, None]
    return {
        "density": inside.sum() / (k * len(fake)),
        "coverage": inside.any(1).mean(),
        "precision": inside.any(0).mean(),
        "recall": (d < radius_fake[None]).any(1).mean(),
    }


def frechet(a, b):
    ca, cb = np.cov(a.T), np.cov(b.T)
    return np.square(a.mean(0) - b.mean(0)).sum() + np.trace(ca + cb - 2 * sqrtm(ca @ cb).real)


def uniform(seed, *shape):
    return np.random.RandomState(seed).random_sample(shape).astype(np.float32).astype(np.float64)


def normal(seed, *shape):
    return np.random.RandomState(seed).randn(*shape).astype(np.float32).astype(np.float64)


if __name__ == "__main__":
    a, b = uniform(1, 4, 3, 35, 35), uniform(2, 4, 3, 35, 35) ** 2
    pa, pb = patches(a, 8, np.random.RandomState(3)), patches(b, 8, np.random.RandomState(3))
    real, fake = normal(5, 60, 4), 0.8 * normal(6, 50, 4) + 0.5
    print(
        json.dumps(
            {
                "pyramid": [float(np.abs(level).sum()) for level in pyramid(a[0, 0])],
                "sliced": sliced(pa, pb, 40, np.random.RandomState(4)),
                "neighbours": neighbours(real, fake, 5),
                "frechet": frechet(real, fake),
            },
            indent=2,
        )
    )
