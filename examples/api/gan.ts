/** `klish/gan`: files of weights, generators as graphs, how good images are. `npx tsx examples/api/gan.ts` */
import { readFile } from "node:fs/promises";
import { zipSync } from "fflate";
import { plainBlas } from "klish/cluster";
import {
  autoLayers,
  buildNetwork,
  compareSamples,
  exportOnnx,
  exportSafetensors,
  frechetDistance,
  gaussianOf,
  imageSampler,
  neighbourFigures,
  randomNetwork,
  readCheckpoint,
  readNpy,
  readNpz,
  readSafetensors,
  selectLayers,
  writeSafetensors,
} from "klish/gan";
import { RandomState, tensor } from "klish/graph";
import { ortNode } from "klish/node";

// Files of numbers: safetensors, and NumPy's.
const stored = readSafetensors(writeSafetensors(new Map([["w", tensor([2], Float32Array.of(1, 2))]]), { by: "me" }));
console.log(stored.tensors.get("w")?.read().data, stored.metadata); // Float32Array(2) [ 1, 2 ] { by: 'me' }
const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".padEnd(117);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const npy = Uint8Array.of(0x93, ...text("NUMPY"), 1, 0, 118, 0, ...text(`${header}\n`), 0, 0, 128, 63, 0, 0, 0, 64);
console.log(readNpy(npy).data, readNpz(zipSync({ "w.npy": npy })).get("w")?.shape); // Float32Array(2) [ 1, 2 ] [ 2 ]

// The shipped generator: weights by their names, as a network, and as files for others.
const file = new URL("../../models/portrait-generator.safetensors", import.meta.url);
const checkpoint = readCheckpoint(await readFile(file));
const network = buildNetwork(checkpoint);
console.log(checkpoint.format, network.info.family, network.info.resolution); // safetensors StyleGAN2 64
const { layers } = autoLayers(network.info.layers);
console.log(layers.map((layer) => layer.name).join()); // b4.conv1,b8.conv1,b16.conv1,b32.conv1,b64.conv1
console.log(selectLayers(network.info.layers, ["32+"]).reason); // from 32x32 up, the last layer of each resolution (96 channels)
console.log(exportSafetensors(network, { half: true }).length < exportSafetensors(network).length); // true
console.log(exportOnnx(network, { layers: ["b8.conv1"], truncationPsi: 0.7 }).length > 2e6); // true

// Two sets of images, as real and as generated ones: how far they are apart.
const random = new RandomState(0);
const images = (stripes: number) =>
  tensor(
    [32, 3, 16, 16],
    Float32Array.from({ length: 32 * 768 }, () => 0.1 * random.randn() + stripes),
  );
const features = await randomNetwork(16, { runtime: ortNode, threads: 1 });
const sampleOf = async (stripes: number) => {
  const sampler = imageSampler(16, { images: 32, perImage: 4, network: features });
  await sampler.add(images(stripes));
  return sampler.finish();
};
const [plain, alsoPlain, striped] = [await sampleOf(0), await sampleOf(0), await sampleOf(0.5)];
const blas = plainBlas();
const alike = await compareSamples(plain, alsoPlain, { blas, directions: 16 });
const unlike = await compareSamples(plain, striped, { blas, directions: 16 });
console.log(alike.coverage > 0.8, unlike.coverage, alike.swd.levels.length); // true 0 1
const { precision, recall } = await neighbourFigures(plain.features, plain.features, { blas });
console.log(precision, recall); // 1 1
const points = { dimensions: 1, data: Float32Array.of(0, 2) };
const moved = { dimensions: 1, data: Float32Array.of(3, 5) };
console.log(frechetDistance(await gaussianOf(points, blas), await gaussianOf(moved, blas)).toFixed(3)); // 9.000
await features.dispose();
