import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readNpz } from "../../src/checkpoint/npy.ts";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import { writeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { hasShared } from "../shared.ts";
import { expectTensors, fixture, readBytes, readJson, type TensorTable } from "./fixtures.ts";

interface Fixture {
  readonly fixture?: string;
  readonly fixtures?: readonly string[];
  readonly klish_flat?: string | null;
  readonly format: string;
  readonly use_key?: string;
  readonly static_kwargs?: Readonly<Record<string, unknown>>;
  readonly network_object_version?: number;
  readonly tensors: TensorTable;
}

const listed = (folder: string): Fixture[] =>
  !hasShared
    ? []
    : readdirSync(fixture(folder))
        .filter((name) => name.endsWith(".json"))
        .map((name) => readJson<Fixture>(`${folder}/${name}`));

describe.skipIf(!hasShared)("readCheckpoint on NVIDIA TensorFlow pickles", () => {
  it.each(listed("tf").map((row) => [row.fixture!, row] as const))(
    "reads every variable and the settings of %s",
    (file, row) => {
      const { format, networks, config } = readCheckpoint(readBytes(file));
      expect(format).toBe("nvidia-tf-pickle");
      expect([...networks.keys()]).toEqual(["G", "D", "Gs"]);
      expectTensors(networks.get("Gs")!, row.tensors);
      expect(config["Gs"]).toMatchObject({ version: row.network_object_version });
      expect(config["Gs"]!["static_kwargs"]).toMatchObject(row.static_kwargs!);
    },
  );
});

describe.skipIf(!hasShared)("readCheckpoint on torch files of genforce, KLiSH and rosinality", () => {
  const rows = [...listed("genforce"), ...listed("rosinality")];
  const files = rows.flatMap((row) =>
    row.fixtures!.filter((file) => file !== row.klish_flat).map((file) => [file, row] as const),
  );
  it.each(files)("reads every tensor of %s", (file, row) => {
    expectTensors(readCheckpoint(readBytes(file)).networks.get(row.use_key!)!, row.tensors);
  });

  it("keeps genforce's networks apart", () => {
    const { networks, format } = readCheckpoint(readBytes("genforce/stylegan32_zip.pth"));
    expect(format).toBe("torch-zip");
    expect([...networks.keys()].sort()).toEqual(["discriminator", "generator", "generator_smooth"]);
  });

  it("puts rosinality's latent_avg, a tensor at the top, under the name of no network", () => {
    const { networks } = readCheckpoint(readBytes("rosinality/rosinality_converted32.pt"));
    expect([...networks.get("")!.keys()]).toEqual(["latent_avg"]);
  });

  const flat = rows.flatMap((row) => (row.klish_flat ? [[row.klish_flat, row] as const] : []));
  it.each(flat)("reads the flat %s: the same weights under other names", (file, row) => {
    const network = readCheckpoint(readBytes(file)).networks.get("")!;
    const sums = [...network.values()].map((t) => [...t.read().data].reduce<number>((sum, v) => sum + Number(v), 0));
    const hasSum = ({ sum }: { sum: number }) => sums.some((s) => Math.abs(s - sum) <= 1e-6 * (1 + Math.abs(sum)));
    const missing = Object.entries(row.tensors).filter(([, t]) => !hasSum(t));
    // Only what KLiSH's networks do not have may be missing: kernels of filters.
    expect(missing.map(([name]) => name).filter((name) => !name.endsWith("kernel"))).toEqual([]);
  });
});

describe.skipIf(!hasShared)("readCheckpoint on every type and layout of torch tensors", () => {
  const files = hasShared ? readdirSync(fixture("dtype")).filter((name) => name.endsWith(".pth")) : [];
  it.each(files)("reads %s exactly", (file) => {
    const { networks, config } = readCheckpoint(readBytes(`dtype/${file}`));
    const expected = readNpz(readBytes("dtype/dtypes_expected.npz"));
    const tensors = networks.get("")!;
    expect([...tensors.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, reference] of expected) {
      const read = tensors.get(name)!.read();
      expect(read.shape, name).toEqual(reference.shape);
      expect([...read.data].map(Number), name).toEqual([...reference.data].map(Number));
    }
    expect(Object.keys(config[""]!).length).toBeGreaterThan(0);
  });
});

describe("readCheckpoint on safetensors", () => {
  it("reads the tensors as the network without a name", () => {
    const bytes = writeSafetensors(new Map([["w", tensor([2], new Float32Array([1, 2]))]]), { family: "stylegan2" });
    const { format, networks, config } = readCheckpoint(bytes);
    expect(format).toBe("safetensors");
    expect(networks.get("")!.get("w")!.read().data).toEqual(new Float32Array([1, 2]));
    expect(config[""]).toEqual({ family: "stylegan2" });
  });
});
