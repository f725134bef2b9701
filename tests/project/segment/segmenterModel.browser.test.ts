/** A converted segmenter runs in a browser on photos of any size, and gives the CPU session's logits. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSegmenter } from "../../../src/project/segment/segmenterModel.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { hasChromium, type OnnxBrowser, onnxBrowser } from "../../onnxInBrowser.ts";
import { writeTinySegmenter } from "./tinySegmenter.ts";

describe.skipIf(!hasChromium)("a segmenter in Chromium", () => {
  let browser: OnnxBrowser;
  let folder: string;
  beforeAll(async () => {
    browser = await onnxBrowser();
    folder = await mkdtemp(join(tmpdir(), "klish-browser-"));
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("gives logits of two photos of 20x28 pixels, learned at 16", async () => {
    const { model } = await readSegmenter(await writeTinySegmenter(folder));
    const pictures = tensor([2, 3, 20, 28]);
    pictures.data.forEach((_, i) => {
      pictures.data[i] = (Math.sin(i * 0.37) + 1) / 2;
    });
    const session = await ortNode.createSession(model, {});
    const expected = (await session.run({ pictures }))["logits"] as Tensor;
    await session.dispose();
    const got = await browser.run(model, "pictures", pictures, "logits");
    expect(got.shape).toEqual([2, 3, 20, 28]);
    expect(got.data.reduce((worst, v, i) => Math.max(worst, Math.abs(v - expected.data[i])), 0)).toBeLessThan(1e-4);
  });
});
