/** A converted generator runs in a browser, on onnxruntime-web's WebAssembly, and gives the CPU session's image. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import { exportOnnx } from "../../src/gan/exportNetwork.ts";
import { networkGenerator } from "../../src/gan/networkGenerator.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { hasChromium, type OnnxBrowser, onnxBrowser } from "../onnxInBrowser.ts";
import { hasShared, shared } from "../shared.ts";

describe.skipIf(!hasChromium || !hasShared)("exportOnnx() in Chromium", () => {
  let browser: OnnxBrowser;
  beforeAll(async () => {
    browser = await onnxBrowser();
  });
  afterAll(() => browser?.close());

  it.each(["ada/ada_resnet32.pkl", "tf/stylegan1_auto64.pkl", "genforce/pggan32_zip.pth"])("%s", async (file) => {
    const network = buildNetwork(readCheckpoint(readFileSync(shared(`fixtures/checkpoints/${file}`))));
    const { zDim } = network.info;
    const z = tensor(
      [2, zDim],
      Float32Array.from({ length: 2 * zDim }, (_, i) => Math.sin(i * 1.3 + 1)),
    );
    const generator = networkGenerator(network, { runtime: ortNode, provider: "cpu" });
    const expected = (await generator.generate({ z })).image;
    await generator.dispose();

    const got = await browser.run(exportOnnx(network, { layers: "auto" }), "z", z, "image");
    expect(got.shape).toEqual(expected.shape);
    expect(got.data.reduce((worst, v, i) => Math.max(worst, Math.abs(v - expected.data[i])), 0)).toBeLessThan(1e-4);
  });
});
