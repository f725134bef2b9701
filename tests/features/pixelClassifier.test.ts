import { describe, expect, it } from "vitest";
import { pixelClassifier } from "../../src/features/pixelClassifier.ts";
import { featurePyramid } from "../../src/pixels/pyramid/featurePyramid.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";

const random = new RandomState(3);
const normal = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.randn());
const layers = [
  { name: "a", channels: 7, resolution: 4 },
  { name: "b", channels: 5, resolution: 8 },
  { name: "c", channels: 6, resolution: 16 },
];
const K = 9;
const classifier = { k: K, channels: 18, weight: normal(K * 18), bias: normal(K) };
const images = 3;
const maps = layers.map(({ channels: C, resolution: h }) => tensor([images, C, h, h], normal(images * C * h * h)));
const features = new Map(layers.map(({ name }, i) => [name, maps[i]]));

describe("pixelClassifier()", () => {
  it.each([16, 8, 21])("takes the best of the scores of the feature pyramid, at %i pixels", async (resolution) => {
    const made = await pixelClassifier(classifier, layers, resolution, {
      runtime: ortNode,
      provider: "cpu",
      threads: 1,
    });
    const { clusters, margin } = await made.classify(features);
    await made.dispose();
    const scores = await featurePyramid(maps, { resolution }).scores(classifier.weight, classifier.bias);
    const pixels = images * resolution ** 2;
    for (let p = 0; p < pixels; p++) {
      const all = Array.from({ length: K }, (_, c) => scores[c * pixels + p]);
      const [first, second] = all.toSorted((x, y) => y - x);
      expect(all[clusters[p]]).toBeCloseTo(first, 4);
      expect(margin[p]).toBeCloseTo(first - second, 4);
    }
  });

  it.each([8, 5])("averages the scores under each pixel of smaller images, at %i pixels", async (resolution) => {
    const settings = { runtime: ortNode, provider: "cpu", threads: 1, imageResolution: 16 } as const;
    const made = await pixelClassifier(classifier, layers, resolution, settings);
    const { clusters, margin } = await made.classify(features);
    await made.dispose();
    const scores = await featurePyramid(maps, { resolution: 16 }).scores(classifier.weight, classifier.bias);
    // 80 points a side: whole numbers of them lie in each pixel of either size.
    const points = 16 * 5;
    const per = points / resolution;
    for (const [x, y] of [
      [0, 0],
      [resolution - 1, 0],
      [2, 3],
    ]) {
      const all = Array.from({ length: K }, (_, c) => {
        let sum = 0;
        for (let i = 0; i < per; i++)
          for (let j = 0; j < per; j++) {
            const [row, column] = [y * per + i, x * per + j].map((v) => Math.floor((v * 16) / points));
            sum += scores[c * images * 256 + row * 16 + column];
          }
        return sum / per ** 2;
      });
      const [first, second] = all.toSorted((a, b) => b - a);
      const p = y * resolution + x;
      expect(all[clusters[p]]).toBeCloseTo(first, 4);
      expect(margin[p]).toBeCloseTo(first - second, 4);
    }
  });

  it("refuses a classifier of other channels", async () => {
    const wrong = pixelClassifier(classifier, layers.slice(1), 8, { runtime: ortNode, provider: "cpu" });
    await expect(wrong).rejects.toThrow("the classifier has 18 channels, the layers b,c have 11");
  });
});
