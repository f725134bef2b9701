/** The package's browser entry: a generator and a cut's pixel classifier on onnxruntime-web's WebAssembly, in Chromium. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pixelClassifier } from "../src/features/pixelClassifier.ts";
import { openGeneratorBytes } from "../src/gan/openGenerator.ts";
import { openPainterBytes } from "../src/models/painter/painter.ts";
import { ortNode } from "../src/runtime/ortNode.ts";
import { tinyMask, tinyPainterBytes } from "./models/painter/tinyPainter.ts";

const CHROMIUM = "/usr/bin/chromium";
const root = resolve(import.meta.dirname, "..");
const model = readFileSync(resolve(root, "models/portrait-generator.safetensors"));
const LAYERS = ["b16.conv1", "b32.conv1"];
const CLASSES = 4;

/** A classifier of the same made-up weights on both sides. */
const classifierOf = (channels: number) => ({
  k: CLASSES,
  channels,
  weight: Float32Array.from({ length: CLASSES * channels }, (_, i) => Math.sin(i * 1.7)),
  bias: Float32Array.from({ length: CLASSES }, (_, i) => Math.cos(i)),
});

const painterBytes = tinyPainterBytes();
const PAINTING = `(async () => {
  const klish = await import("/klish.js");
  const painter = await klish.openPainter(new Uint8Array(await (await fetch("/painter")).arrayBuffer()));
  const mask = Uint8Array.from(${JSON.stringify([...tinyMask])});
  const [pixels] = await painter.paint([mask], [painter.style(3)]);
  const style = await painter.encode(pixels, mask, painter.style(0));
  const image = new ImageData(pixels, painter.about.side, painter.about.side);
  await painter.dispose();
  return { pixels: Array.from(image.data), style: Array.from(style) };
})()`;

/** The page's program, as text: the test runner would rewrite its import. */
const PROGRAM = `(async () => {
  const klish = await import("/klish.js");
  const bytes = new Uint8Array(await (await fetch("/model")).arrayBuffer());
  const generator = await klish.openGenerator(bytes);
  const { image, features } = await generator.generate({ seeds: [3], layers: ${JSON.stringify(LAYERS)} });
  const layers = generator.info.layers.filter(({ name }) => ${JSON.stringify(LAYERS)}.includes(name));
  const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
  const classify = await klish.pixelClassifier((${classifierOf.toString().replace(/CLASSES/g, String(CLASSES))})(channels), layers, 64, { runtime: klish.ortWeb, provider: "cpu" });
  const { clusters } = await classify.classify(features);
  return { shape: [...image.shape], image: Array.from(image.data), clusters: Array.from(clusters) };
})()`;

describe.skipIf(!existsSync(CHROMIUM))("klish in Chromium", () => {
  let server: Server;
  let browser: Browser;
  let bundle: string;

  beforeAll(async () => {
    // As a user's bundler would: one module, with onnxruntime-web's files beside it.
    const built = await build({
      root,
      configFile: false,
      logLevel: "warn",
      build: { write: false, minify: false, lib: { entry: resolve(root, "src/web.ts"), formats: ["es"] } },
      resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "browser", "import"] },
    });
    const [output] = [built].flat();
    if (!("output" in output)) throw new Error("expected one bundle");
    bundle = output.output.flatMap((chunk) => (chunk.type === "chunk" && chunk.isEntry ? [chunk.code] : []))[0];
    const ort = resolve(root, "node_modules/onnxruntime-web/dist");
    server = createServer((request, response) => {
      const name = (request.url ?? "/").slice(1).split("?")[0];
      const file = resolve(ort, name);
      const body =
        new Map<string, string | Uint8Array>([
          ["", "<!doctype html>"],
          ["klish.js", bundle],
          ["model", model],
          ["painter", painterBytes],
        ]).get(name) ?? (existsSync(file) ? readFileSync(file) : undefined);
      const type = name.endsWith("js") ? "text/javascript" : name.endsWith("wasm") ? "application/wasm" : "text/html";
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

  it("gives the image and the clusters that onnxruntime-node gives", async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const got = (await page.evaluate(PROGRAM)) as { shape: number[]; image: number[]; clusters: number[] };
    await page.close();

    const where = { runtime: ortNode, provider: "cpu" } as const;
    const generator = await openGeneratorBytes(model, where);
    const { image, features } = await generator.generate({ seeds: [3], layers: LAYERS });
    const layers = generator.info.layers.filter(({ name }) => LAYERS.includes(name));
    const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
    const classifier = await pixelClassifier(classifierOf(channels), layers, 64, where);
    const { clusters } = await classifier.classify(features);
    await classifier.dispose();
    await generator.dispose();

    expect(got.shape).toEqual(image.shape);
    expect(got.image.reduce((worst, v, i) => Math.max(worst, Math.abs(v - image.data[i])), 0)).toBeLessThan(1e-4);
    // Scores that nearly tie may fall either way.
    const same = got.clusters.filter((cluster, i) => cluster === clusters[i]).length;
    expect(same / clusters.length).toBeGreaterThan(0.999);
    expect(new Set(got.clusters).size).toBeGreaterThan(1);
  });

  it("paints and encodes as onnxruntime-node does", async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const got = (await page.evaluate(PAINTING)) as { pixels: number[]; style: number[] };
    await page.close();

    const painter = await openPainterBytes(painterBytes, { runtime: ortNode });
    const [pixels] = await painter.paint([tinyMask], [painter.style(3)]);
    const style = await painter.encode?.(pixels, tinyMask, painter.style(0));
    await painter.dispose();
    const far = (a: readonly number[], b: ArrayLike<number>): number =>
      a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0);
    expect(far(got.pixels, pixels)).toBeLessThanOrEqual(1);
    // A pixel that was rounded the other way moves a style a little.
    expect(far(got.style, style as Float32Array)).toBeLessThan(0.05);
    expect(new Set(got.pixels).size).toBeGreaterThan(10);
  });
});
