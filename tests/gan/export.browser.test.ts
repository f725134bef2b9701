/** A converted generator runs in a browser, on onnxruntime-web's WebAssembly, and gives the CPU session's image. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import { exportOnnx } from "../../src/gan/exportNetwork.ts";
import { networkGenerator } from "../../src/gan/networkGenerator.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { hasShared, shared } from "../shared.ts";

const CHROMIUM = "/usr/bin/chromium";
const runtime = resolve(import.meta.dirname, "../../node_modules/onnxruntime-web/dist");
const TYPES: Readonly<Record<string, string>> = { mjs: "text/javascript", wasm: "application/wasm", html: "text/html" };
const models = new Map<string, Uint8Array>();

/** The page's program, as text: the test runner would rewrite its import. */
const runInPage = (z: readonly number[], shape: readonly number[]): string => `(async () => {
  const ort = await import("/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create("/model.onnx", { executionProviders: ["wasm"] });
  const { image } = await session.run({ z: new ort.Tensor("float32", Float32Array.from([${z}]), [${shape}]) });
  return { shape: [...image.dims], data: Array.from(image.data) };
})()`;

describe.skipIf(!existsSync(CHROMIUM) || !hasShared)("exportOnnx() in Chromium", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const name = (request.url ?? "/").slice(1);
      const path = resolve(runtime, name);
      const body =
        name === "" ? "<!doctype html>" : (models.get(name) ?? (existsSync(path) ? readFileSync(path) : undefined));
      const type = TYPES[name.split(".").at(-1) || "html"] ?? "application/octet-stream";
      response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it.each(["ada/ada_resnet32.pkl", "tf/stylegan1_auto64.pkl", "genforce/pggan32_zip.pth"])("%s", async (file) => {
    const network = buildNetwork(readCheckpoint(readFileSync(shared(`fixtures/checkpoints/${file}`))));
    const { zDim } = network.info;
    const z = Array.from({ length: 2 * zDim }, (_, i) => Math.sin(i * 1.3 + 1));
    const generator = networkGenerator(network, { runtime: ortNode, provider: "cpu" });
    const expected = (await generator.generate({ z: tensor([2, zDim], Float32Array.from(z)) })).image;
    await generator.dispose();

    models.set("model.onnx", exportOnnx(network, { layers: "auto" }));
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const got = (await page.evaluate(runInPage(z, [2, zDim]))) as { shape: number[]; data: number[] };
    await page.close();
    expect(got.shape).toEqual(expected.shape);
    expect(got.data.reduce((worst, v, i) => Math.max(worst, Math.abs(v - expected.data[i])), 0)).toBeLessThan(1e-4);
  });
});
