import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";

/** What a result was made with. */
export function versions(): Record<string, string> {
  return { klish: packageVersion(), "onnxruntime-node": ort.env.versions.common, node: process.versions.node };
}

/** The version in package.json, two folders up from src/project or dist/project. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
