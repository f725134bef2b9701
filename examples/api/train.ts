/** `klish/train`: training steps as graphs, and trainers of GANs and segmenters. `npx tsx examples/api/train.ts` */
import { portraitClasses, portraitOf } from "klish/dataset";
import { grad, input, RandomState, reduceMean, square, sub, tensor } from "klish/graph";
import { momentumDescent } from "klish/nn";
import { ortNode } from "klish/node";
import { ganRecipe, ganTrainer, segmenterTrainer, trainStep, variables } from "klish/train";

const where = { runtime: ortNode, provider: "cpu", threads: 1 } as const;

// A step of your own: the weight and its velocity are variables, what is fed and told is named.
const w = input("w", [1]);
const velocity = input("velocity", [1]);
const loss = reduceMean(square(sub(w, input("target", [1]))));
const [slope] = grad(loss, [w]);
const next = momentumDescent(w, slope, velocity, { momentum: 0 });
const updates = new Map([
  ["w", next.parameter],
  ["velocity", next.velocity],
]);
const step = await trainStep({ updates, reports: { loss }, ...where });
const state = variables(
  new Map([
    ["w", tensor([1], Float32Array.of(0.5))],
    ["velocity", tensor([1])],
  ]),
);
const first = await step.run(state, { target: tensor([1], Float32Array.of(1)) });
console.log(first["loss"].data[0], state.tensors.get("w")?.data[0]); // 0.25 1.5
await step.dispose();

// A GAN: images [batch,3,R,R] in [-1,1] in, losses out; `state()` is all that is needed to continue.
const recipe = ganRecipe(16, {
  ...{ channelBase: 64, channelMax: 4, zDim: 4, wDim: 4, mappingLayers: 1, batch: 4, groupSize: 2 },
  ...{ r1Interval: 0, pathLengthInterval: 0, augment: null },
});
const random = new RandomState(0);
const real = tensor(
  [4, 3, 16, 16],
  Float32Array.from({ length: 4 * 768 }, () => random.randn() / 4),
);
const gan = await ganTrainer(recipe, where);
const report = await gan.step(real);
console.log(report.images, Number.isFinite(report.lossD), (await gan.sample(tensor([1, 4]))).shape); // 4 true [ 1, 3, 16, 16 ]
await gan.dispose();

// A segmenter: pictures with the class of every pixel in, weights out.
const segmenter = await segmenterTrainer(
  {
    ...{ architecture: { network: "unet", channels: [4, 6] }, classes: portraitClasses.length, resolution: 16 },
    ...{ batch: 2, learningRate: 2e-3, schedule: "cosine", weightDecay: 1e-3, averageDecay: 0.9 },
    ...{ augment: null, selfTraining: null, seed: 0 },
  },
  { classes: portraitClasses, classWeights: portraitClasses.map(() => 1), ...where },
);
const examples = [0, 1].map((seed) => portraitOf(seed, 16)).map(({ rgb, labels }) => ({ rgb, labels: labels.data }));
const learned = await segmenter.step({ examples, photos: [], share: 0 });
console.log(learned.images, learned.loss > 0, (await segmenter.logits(tensor([1, 3, 16, 16]))).shape); // 2 true [ 1, 12, 16, 16 ]
await segmenter.dispose();
