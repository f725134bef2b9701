import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSegmenter } from "../../../src/project/segment/segmenter.ts";
import { readSegmenter } from "../../../src/project/segment/segmenterModel.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { writeTinySegmenter } from "./tinySegmenter.ts";

const folder = await mkdtemp(join(tmpdir(), "klish-segmenter-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const file = await writeTinySegmenter(folder);

const farthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);

describe("a segmenter of klish, of one size", () => {
  it("gives the logits of the one of every size, also where sides do not halve", async () => {
    const { model, sized } = await readSegmenter(file);
    for (const [height, width] of [
      [32, 64],
      [22, 27],
    ]) {
      const pictures = tensor([2, 3, height, width]);
      for (let i = 0; i < pictures.data.length; i++) pictures.data[i] = (Math.sin(i * 0.37) + 1) / 2;
      const [expected, got] = await Promise.all(
        [model, sized!(2, { width, height })].map(async (bytes) => {
          const session = await ortNode.createSession(bytes, { threads: 1 });
          const { logits } = await session.run({ pictures });
          await session.dispose();
          return logits as Tensor;
        }),
      );
      expect(got.shape).toEqual(expected.shape);
      expect(farthest(got.data, expected.data)).toBeLessThan(1e-5);
    }
  });

  it("looks at a full batch as at single pictures", async () => {
    const segmenter = await openSegmenter({ file, size: null, range: [0, 1], output: null }, { threads: 1 });
    const size = { width: 32, height: 64 };
    const pictures = Array.from({ length: segmenter.batch }, (_, n) =>
      Uint8Array.from({ length: 3 * size.width * size.height }, (__, i) => (i * (n + 3)) % 256),
    );
    const together = await segmenter.scores(pictures, size);
    for (const [n, maps] of together.entries()) {
      const [alone] = await segmenter.scores([pictures[n]], size);
      expect(farthest(maps.data, alone.data)).toBeLessThan(1e-5);
    }
    await segmenter.dispose();
  });
});
