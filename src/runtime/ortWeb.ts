import * as ort from "onnxruntime-web";
import { webRuntime } from "./webRuntime.ts";

/**
 * Sessions in a browser, on onnxruntime-web: provider "cpu" is its WebAssembly, "webgpu" the GPU. Where its .wasm files lie, and how
 * many threads they use, is set on onnxruntime-web's own `env.wasm` before the first session. A run blocks its thread: pages that draw
 * meanwhile use it in a worker.
 */
export const ortWeb = webRuntime(ort);
