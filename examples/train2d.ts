/**
 * A network of your own on the training engine: three spiral arms in the plane, told apart by a small network with AdamW. A step is one
 * graph: forward pass, derivatives and updates, with the weights going in and coming out.
 * `npx tsx examples/train2d.ts` prints the loss as it falls, and the share of points that are right in the end.
 */
import { add, input, leakyRelu, matmul } from "../src/graph.ts";
import {
  adam,
  adamFeeds,
  adamInputs,
  cosineDecay,
  crossEntropy,
  filled,
  initialTensors,
  normal,
  parameterInputs,
  warmUp,
} from "../src/nn.ts";
import { compile, grad, graph, RandomState, tensor, type Value } from "../src/node.ts";
import { ortNode } from "../src/nodeParts.ts";
import { trainStep, variables } from "../src/train.ts";

const [ARMS, POINTS, WIDTH, STEPS, RATE, SEED] = [3, 600, 32, 600, 0.01, 0];
const ADAM = { weightDecay: 0.01 };

/** `count` points of all arms: places [N,2] and one-hot classes [N,3]. */
function spirals(count: number, seed: number) {
  const random = new RandomState(seed);
  const places = tensor([count, 2]);
  const classes = tensor([count, ARMS]);
  for (let i = 0; i < count; i++) {
    const arm = i % ARMS;
    const radius = 0.1 + 0.9 * random.randomSample();
    const angle = (2 * Math.PI * arm) / ARMS + 4 * radius + 0.1 * random.randn();
    places.data.set([radius * Math.cos(angle), radius * Math.sin(angle)], 2 * i);
    classes.data[i * ARMS + arm] = 1;
  }
  return { places, classes };
}

const table = new Map([
  ["first.weight", normal([2, WIDTH], 1)],
  ["first.bias", normal([1, WIDTH], 1)],
  ["second.weight", normal([WIDTH, WIDTH], Math.sqrt(2 / WIDTH))],
  ["second.bias", filled([1, WIDTH])],
  ["last.weight", normal([WIDTH, ARMS], 0.1)],
  ["last.bias", filled([1, ARMS])],
]);
const weights = parameterInputs(table);
const layer = (name: string, x: Value): Value =>
  add(matmul(x, weights.get(`${name}.weight`)!), weights.get(`${name}.bias`)!);
const network = (x: Value): Value => layer("last", leakyRelu(layer("second", leakyRelu(layer("first", x)))));

// The step: next weights and moments as functions of the present ones.
const loss = crossEntropy(network(input("places", [POINTS, 2])), input("classes", [POINTS, ARMS]));
const gradients = grad(loss, [...weights.values()]);
const rates = adamInputs();
const updates = new Map<string, Value>();
const state = initialTensors(table, SEED);
for (const [i, [name, weight]] of [...weights].entries()) {
  const moments = { mean: input(`mean/${name}`, weight.shape), square: input(`square/${name}`, weight.shape) };
  const next = adam(weight, gradients[i], moments, rates, ADAM);
  updates.set(name, next.parameter).set(`mean/${name}`, next.mean!).set(`square/${name}`, next.square);
  for (const moment of ["mean", "square"]) state.set(`${moment}/${name}`, tensor(weight.shape));
}
const present = variables(state);
const step = await trainStep({ updates, reports: { loss }, runtime: ortNode });

const rate = warmUp(20, cosineDecay(STEPS));
for (let i = 0; i < STEPS; i++) {
  const numbers = Object.entries(adamFeeds(i + 1, RATE * rate(i), ADAM));
  const feeds = Object.fromEntries(numbers.map(([name, x]) => [name, tensor([1], Float32Array.of(x))]));
  const report = await step.run(present, { ...spirals(POINTS, i + 1), ...feeds });
  if ((i + 1) % 100 === 0) console.log(`step ${i + 1}: loss ${report["loss"].data[0].toFixed(4)}`);
}
await step.dispose();

// The same weights in another graph, which only looks.
const { places, classes } = spirals(POINTS, 0);
const session = await compile(graph({ scores: network(input("places", [POINTS, 2])) }), { provider: "cpu" });
const feeds = new Map([...table.keys()].map((name) => [name, present.tensors.get(name)!]));
const { scores } = await session.run({ places, ...Object.fromEntries(feeds) });
await session.dispose();
const row = (data: ArrayLike<number>, i: number): number[] =>
  Array.from({ length: ARMS }, (_, arm) => data[i * ARMS + arm]);
const best = (values: number[]): number => values.indexOf(Math.max(...values));
let right = 0;
for (let i = 0; i < POINTS; i++) if (best(row(scores.data as Float32Array, i)) === best(row(classes.data, i))) right++;
console.log(`${((100 * right) / POINTS).toFixed(1)} % of ${POINTS} new points are right`);
process.exitCode = right >= 0.95 * POINTS ? 0 : 1;
