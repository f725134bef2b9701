/**
 * What simplifying graphs costs and gains: CPU time and nodes of the official StyleGAN2 at 1024 pixels (constant weights,
 * folded) and of the gradient of a path-length penalty at 64 pixels (weights as inputs): `npx tsx bench/simplify.ts`.
 */
import { exportGraph } from "../src/gan/exportNetwork.ts";
import { buildNetwork } from "../src/gan/openGenerator.ts";
import { OWN_FAMILY, OWN_SETTINGS } from "../src/gan/settings.ts";
import { styleGan2Parameters } from "../src/gan/stylegan2/stylegan2Parameters.ts";
import { grad } from "../src/graph/grad.ts";
import { graph } from "../src/graph/graph.ts";
import { input } from "../src/graph/ops/index.ts";
import { simplify } from "../src/graph/simplify.ts";
import { type Graph, topologicalOrder, type Value } from "../src/graph/value.ts";
import { pathLengths, pathPenalty } from "../src/nn/losses.ts";
import { initialTensors, trainedNames } from "../src/nn/parameters.ts";
import { ganNetworks, mixedStyles } from "../src/train/gan/networks.ts";
import { ganRecipe } from "../src/train/gan/recipe.ts";

const ROUNDS = 5;

function official(): Graph {
  const table = styleGan2Parameters({
    resolution: 1024,
    imageChannels: 3,
    channels: (r) => Math.min(512, 32768 / r),
    zDim: 512,
    wDim: 512,
    mappingLayers: 8,
    noise: true,
  });
  const weights = new Map([...initialTensors(table, 0)].map(([name, t]) => [name, { ...t, read: () => t }]));
  const config = { [OWN_FAMILY]: "StyleGAN2", [OWN_SETTINGS]: "{}" };
  return exportGraph(buildNetwork({ format: "random", networks: new Map([["", weights]]), config: { "": config } }));
}

function pathLengthStep(): Graph {
  const recipe = ganRecipe(64);
  const { generator, generatorTable, generatorWeights } = ganNetworks(recipe);
  const N = recipe.batch;
  const { ws } = mixedStyles(generator, input("z", [2 * N, recipe.zDim]), input("mix", [N, generator.info.numWs, 1]));
  const { image } = generator.synthesis({ ws }, "random", ({ layer, resolution: r }) => input(layer, [N, 1, r, r]));
  const lengths = pathLengths(image, ws, input("pathNoise", image.shape));
  const { penalty } = pathPenalty(lengths, input("average", [1]));
  const names = trainedNames(generatorTable);
  const gradients = grad(
    penalty,
    names.map((name) => generatorWeights.get(name) as Value),
  );
  return graph(Object.fromEntries(names.map((name, i) => [`next ${name}`, gradients[i]])));
}

const nodes = ({ outputs }: Graph): number =>
  topologicalOrder([...outputs.values()]).filter(({ op }) => op.name !== "Constant" && op.name !== "Input").length;

for (const [name, build] of [
  ["StyleGAN2 at 1024 px, weights folded", official],
  ["path length at 64 px, weights as inputs", pathLengthStep],
] as const) {
  const g = build();
  let best = Number.POSITIVE_INFINITY;
  let simple = g;
  for (let i = 0; i < ROUNDS; i++) {
    const start = process.cpuUsage();
    simple = simplify(g);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1e6);
  }
  console.log(`${name}: ${nodes(g)} nodes -> ${nodes(simple)}, ${best.toFixed(3)} s of CPU time`);
}
