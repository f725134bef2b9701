import { existsSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import { CheckpointError, type StateDict } from "../../src/checkpoint/stateDict.ts";
import { hasShared } from "../shared.ts";
import { expectTensors, loadsOrRefuses, readBytes, readJson, type TensorTable } from "./fixtures.ts";

interface Manifest {
  readonly marker_file: string;
  readonly files: readonly { readonly file: string; readonly expect: string; readonly why: string }[];
}

const manifest: Manifest = hasShared ? readJson("bad/manifest.json") : { marker_file: "", files: [] };

/** Well-formed files whose weights do not make a network: `gan` refuses them. */
const refusedByTheNetwork = new Set(
  ["nan_weight.pkl", "missing_weight.pkl", "wrong_shape.pkl", "unknown_activation.pkl"]
    .concat(["tf_missing_variable.pkl", "tf_nan.pkl"])
    .concat(["pth_missing_key.pth", "pth_nan.pth", "pth_no_generator_smooth.pth"])
    .map((file) => `bad/${file}`),
);

/** Reads the file and every tensor in it. */
function load(file: string): ReadonlyMap<string, StateDict> {
  const { networks } = readCheckpoint(readBytes(file));
  for (const tensors of networks.values()) for (const tensor of tensors.values()) tensor.read();
  return networks;
}

describe.skipIf(!hasShared)("readCheckpoint on files that are broken or made to do harm", () => {
  it.each(manifest.files.map((row) => [row.file, row.expect, row.why] as const))(
    "treats %s as expected (%s): %s",
    (file, expected) => {
      rmSync(manifest.marker_file, { force: true });
      const start = performance.now();
      if (expected.startsWith("refuse") && !refusedByTheNetwork.has(file))
        expect(() => load(file)).toThrow(CheckpointError);
      else if (expected === "either") loadsOrRefuses(() => load(file));
      else expect(load(file).size).toBeGreaterThan(0);
      expect(performance.now() - start, "milliseconds").toBeLessThan(2000);
      expect(existsSync(manifest.marker_file)).toBe(false);
    },
  );

  const present = new Set(manifest.files.map(({ file }) => file));
  const tables = hasShared ? Object.entries(readJson<Record<string, TensorTable>>("bad/accept_expected.json")) : [];
  it.each(tables.filter(([file]) => present.has(`bad/${file}`)))("reads every tensor of bad/%s", (file, table) => {
    const networks = load(`bad/${file}`);
    const network = networks.get("G_ema") ?? networks.get("Gs") ?? networks.get("generator_smooth");
    // These sums were taken in float32.
    expectTensors(network!, table, 1e-6);
  });

  it("says that StyleGAN3 is not supported", () => {
    expect(() => load("bad/unsupported_stylegan3.pkl")).toThrow(/StyleGAN3 is not supported/);
  });

  it("says what was met in place of a checkpoint", () => {
    expect(() => load("bad/empty.pkl")).toThrow(/empty/);
    expect(() => load("bad/html_page.pkl")).toThrow(/web page/);
    expect(() => load("bad/image.pkl")).toThrow(/PNG/);
    expect(() => load("bad/gzipped.pkl")).toThrow(/gzip/);
    expect(() => load("bad/truncated_50.pkl")).toThrow(/truncated/);
    expect(() => load("bad/evil_os_system_global.pkl")).toThrow(/system/);
    expect(() => load("bad/no_g_ema.pkl")).toThrow(/G_ema/);
    expect(() => readCheckpoint(new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"))).toThrow(
      /git lfs pull/,
    );
  });
});
