/** Models on onnxruntime-web's WebAssembly in Chromium. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { chromium } from "playwright-core";
import type { Tensor } from "../src/tensor/tensor.ts";

const CHROMIUM = "/usr/bin/chromium";
export const hasChromium = existsSync(CHROMIUM);
const runtime = resolve(import.meta.dirname, "../node_modules/onnxruntime-web/dist");
const TYPES: Readonly<Record<string, string>> = { mjs: "text/javascript", wasm: "application/wasm", html: "text/html" };

/** The page's program, as text: the test runner would rewrite its import. It runs the model so many times, and notes how long each took. */
const runInPage = (inputs: Readonly<Record<string, Tensor>>, times: number): string => {
  const feeds = Object.entries(inputs).map(
    ([name, { shape, data }]) =>
      `${JSON.stringify(name)}: new ort.Tensor("float32", Float32Array.from([${data.join()}]), [${shape}])`,
  );
  return `(async () => {
  const ort = await import("/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create("/model.onnx", { executionProviders: ["wasm"] });
  const feeds = { ${feeds.join()} };
  const milliseconds = [];
  let results;
  for (let i = 0; i < ${times}; i++) {
    const start = performance.now();
    results = await session.run(feeds);
    milliseconds.push(performance.now() - start);
  }
  const outputs = Object.entries(results).map(([name, { dims, data }]) => [name, { shape: [...dims], data: Array.from(data) }]);
  return { milliseconds, outputs: Object.fromEntries(outputs) };
})()`;
};

interface PageRun {
  readonly milliseconds: number[];
  readonly outputs: Record<string, { shape: number[]; data: number[] }>;
}

export interface OnnxBrowser {
  /** One output for one input. */
  run(model: Uint8Array, input: string, value: Tensor, output: string): Promise<{ shape: number[]; data: number[] }>;
  /** Milliseconds of so many runs, one after another, on one thread. */
  time(model: Uint8Array, inputs: Readonly<Record<string, Tensor>>, times: number): Promise<number[]>;
  close(): Promise<void>;
}

/** A browser, and a server that gives it the runtime and the model. */
export async function onnxBrowser(): Promise<OnnxBrowser> {
  let served = new Uint8Array();
  const server = createServer((request, response) => {
    const name = (request.url ?? "/").slice(1);
    const path = resolve(runtime, name);
    const file = (): Uint8Array | undefined => (existsSync(path) ? readFileSync(path) : undefined);
    const body = name === "" ? "<!doctype html>" : name === "model.onnx" ? served : file();
    const type = TYPES[name.split(".").at(-1) || "html"] ?? "application/octet-stream";
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  const inPage = async (
    model: Uint8Array,
    inputs: Readonly<Record<string, Tensor>>,
    times: number,
  ): Promise<PageRun> => {
    served = Uint8Array.from(model);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const got = (await page.evaluate(runInPage(inputs, times))) as PageRun;
    await page.close();
    return got;
  };
  return {
    run: async (model, input, value, output) => (await inPage(model, { [input]: value }, 1)).outputs[output],
    time: async (model, inputs, times) => (await inPage(model, inputs, times)).milliseconds,
    async close() {
      await browser.close();
      server.close();
    },
  };
}
