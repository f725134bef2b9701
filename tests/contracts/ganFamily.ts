import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import type { Checkpoint, LazyTensor, StateDict } from "../../src/checkpoint/stateDict.ts";
import { GeneratorError } from "../../src/gan/errors.ts";
import { exportOnnx, exportSafetensors } from "../../src/gan/exportNetwork.ts";
import type { GeneratorNetwork } from "../../src/gan/family.ts";
import type { GenerateOptions, Generator, GeneratorOrigin } from "../../src/gan/generator.ts";
import { networkGenerator } from "../../src/gan/networkGenerator.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { type GanFixture, type ReferenceCase, readFixture, relativeError } from "../gan/fixtures.ts";

/** Two sound float32 programs differ by up to 1e-5 of the largest value; a wrong kernel, gain or index by 6e-3 and more. */
const TOLERANCE = 5e-5;
const settings = { runtime: ortNode, provider: "cpu", threads: 1 } as const;

/** What every family of generators must do, shown on one checkpoint with a reference. */
export function ganFamilyContract(fixture: GanFixture): void {
  const { file, cases, arrays, layerName } = fixture;
  const latentKeys = ["ws", "wp", "latent"];

  describe(file, () => {
    let checkpoint: Checkpoint;
    let network: GeneratorNetwork;
    let generator: Generator;
    beforeAll(() => {
      checkpoint = readFixture(file);
      network = buildNetwork(checkpoint);
      generator = networkGenerator(network, settings);
    });
    afterAll(() => generator.dispose());

    const referenceWs = (id: string): Tensor | undefined =>
      latentKeys.map((key) => arrays.get(`${id}/${key}`)).find((t) => t !== undefined);
    const inputs = ({ id, psi, cutoff, noise, fromWs }: ReferenceCase): GenerateOptions => {
      const c = arrays.get("c");
      const latent = fromWs
        ? { ws: referenceWs(id) as Tensor }
        : { z: arrays.get("z") as Tensor, ...(c !== undefined && { c }) };
      return {
        ...latent,
        truncationPsi: psi,
        ...(cutoff !== undefined && { truncationCutoff: cutoff }),
        noiseMode: noise,
      };
    };

    it.each(cases)("gives the reference's ws, image and feature maps: $id", async (row) => {
      const features = [...arrays.keys()].filter((key) => key.startsWith(`${row.id}/feat/`));
      const layers = features.map((key) => layerName(key.slice(`${row.id}/feat/`.length)));
      const result = await generator.generate({ ...inputs(row), layers });
      const ws = referenceWs(row.id);
      if (ws !== undefined) expect(relativeError(result.ws as Tensor, ws), "ws").toBeLessThan(TOLERANCE);
      const image = arrays.get(`${row.id}/img`);
      if (image !== undefined) expect(relativeError(result.image, image), "image").toBeLessThan(TOLERANCE);
      features.forEach((key, i) => {
        const map = result.features.get(layers[i]) as Tensor;
        expect(relativeError(map, arrays.get(key) as Tensor), key).toBeLessThan(TOLERANCE);
      });
      expect([ws, image, ...features].some((t) => t !== undefined)).toBe(true);
    });

    it("gives a sample alone what it gives it in a batch", async () => {
      const z = arrays.get("z") as Tensor;
      const c = arrays.get("c");
      const row = (t: Tensor, i: number): Tensor =>
        tensor([1, t.shape[1]], t.data.slice(i * t.shape[1], (i + 1) * t.shape[1]));
      const options = (zs: Tensor, cs: Tensor | undefined): GenerateOptions => ({
        z: zs,
        ...(cs !== undefined && { c: cs }),
        layers: "all",
      });
      const last = z.shape[0] - 1;
      const both = await generator.generate(options(z, c));
      const alone = await generator.generate(options(row(z, last), c && row(c, last)));
      const size = alone.image.data.length;
      const inBatch = tensor(alone.image.shape, both.image.data.slice(last * size, (last + 1) * size));
      expect(relativeError(alone.image, inBatch)).toBeLessThan(1e-5);
      for (const { name, channels, resolution } of generator.info.layers)
        expect(both.features.get(name)?.shape, name).toEqual([z.shape[0], channels, resolution, resolution]);
    });

    /** The network from the file with one of its weights replaced, or left out. */
    const buildWith = (weight: string, replacement: LazyTensor | undefined): GeneratorNetwork => {
      const { network: name } = network.info.origin as GeneratorOrigin;
      const stored = new Map(checkpoint.networks.get(name));
      if (replacement === undefined) stored.delete(weight);
      else stored.set(weight, replacement);
      return buildNetwork({ ...checkpoint, networks: new Map([...checkpoint.networks, [name, stored]]) });
    };

    it("uses every weight of the file: without it, or with another shape, the file is refused", () => {
      const { network: name, ignored } = network.info.origin as GeneratorOrigin;
      for (const [weight, { shape }] of checkpoint.networks.get(name) as StateDict) {
        // The first axis: the last one of the first layer is the length of z, which some files do not state elsewhere.
        const larger = zeros([(shape[0] ?? 0) + 1, ...shape.slice(1)]);
        for (const replacement of [undefined, larger]) {
          const build = () => buildWith(weight, replacement);
          if (ignored.includes(weight)) expect(build, weight).not.toThrow();
          else expect(build, `${weight} [${replacement?.shape ?? "none"}]`).toThrow(GeneratorError);
        }
      }
    });

    it("refuses a weight that it does not know", () => {
      expect(() => buildWith("strange.weight", zeros([1]))).toThrow(/strange\.weight/);
    });

    it("exportOnnx gives one model that makes the same images and maps, for any batch", async () => {
      const z = arrays.get("z") as Tensor;
      const c = arrays.get("c");
      const truncation = { truncationPsi: 0.7, truncationCutoff: 3 };
      const session = await ortNode.createSession(exportOnnx(network, { layers: "all", ...truncation }), settings);
      const got = await session.run({ z, ...(c !== undefined && { c }) });
      await session.dispose();
      const expected = await generator.generate({ z, ...(c !== undefined && { c }), layers: "all", ...truncation });
      expect(relativeError(got["image"] as Tensor, expected.image)).toBeLessThan(TOLERANCE);
      for (const [name, map] of expected.features)
        expect(relativeError(got[name] as Tensor, map), name).toBeLessThan(TOLERANCE);
    });

    it("exportSafetensors gives a file that opens as the same network", () => {
      const bytes = exportSafetensors(network);
      const again = buildNetwork(readCheckpoint(bytes));
      // Weights and settings are in the bytes; comparing these element by element would take a second.
      expect(Buffer.compare(exportSafetensors(again), bytes)).toBe(0);
      const { origin: _stored, ...info } = network.info;
      const { origin, ...infoAgain } = again.info;
      expect(infoAgain).toEqual(info);
      expect(origin).toEqual({ format: "safetensors", source: "klish", network: "", ignored: [] });
    });

    it("exportSafetensors in half precision rounds each weight to 11 bits, once", () => {
      const bytes = exportSafetensors(network, { half: true });
      const again = buildNetwork(readCheckpoint(bytes));
      for (const [name, { data }] of network.weights) {
        const rounded = again.weights.get(name)?.data ?? new Float32Array();
        const worst = data.reduce(
          (w, v, i) => Math.max(w, Math.abs(rounded[i] - v) / Math.max(Math.abs(v), 2 ** -14)),
          0,
        );
        expect(worst, name).toBeLessThanOrEqual(2 ** -11);
      }
      expect(Buffer.compare(exportSafetensors(again, { half: true }), bytes)).toBe(0);
    });
  });
}

const zeros = (shape: readonly number[]): LazyTensor => ({ dtype: "float32", shape, read: () => tensor(shape) });
