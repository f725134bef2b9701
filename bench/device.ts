/**
 * What a GPU adds, one kind of work at a time, beside the CPU of the same machine in the same run: milliseconds of each (medians), their
 * ratio, and how far the results are apart. Networks have random weights. `bench/device.sh` runs every kind in a process of its own.
 *
 *   npx tsx bench/device.ts --provider webgpu|cuda --only ops|generator|training|painter [--share 1] [--repeats 3] [--threads n]
 *
 * `--share 0.25` takes pictures of a quarter of the side, to try it on a GPU that is imitated in software. Ends with code 3, and says why,
 * where the provider cannot run here.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { networkGenerator } from "../src/gan/networkGenerator.ts";
import { painterOnnx } from "../src/models/painter/painterFile.ts";
import { ortNode } from "../src/runtime/ortNode.ts";
import { selfTest, speedTest } from "../src/runtime/selfTest.ts";
import { type Provider, providers } from "../src/runtime/session.ts";
import { randn } from "../src/tensor/random.ts";
import { sizeOf, tensor } from "../src/tensor/tensor.ts";
import { ganTrainer } from "../src/train/gan/ganTrainer.ts";
import { ganRecipe } from "../src/train/gan/recipe.ts";
import { painterTrainer } from "../src/train/painter/painterTrainer.ts";
import { goldenCases } from "../tests/graph/goldenCases.ts";
import { goldenErrors, readGoldens, runGolden } from "../tests/graph/goldens.ts";
import { median } from "./againstTorch.ts";
import { randomNetwork, WIDTH } from "./randomNetwork.ts";
import { classesOf, examplesOf, paintFeeds, recipeOf, untrained } from "./randomPainter.ts";

const { values } = parseArgs({
  options: {
    provider: { type: "string", default: "webgpu" },
    only: { type: "string", default: "ops" },
    share: { type: "string", default: "1" },
    repeats: { type: "string", default: "3" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const [share, repeats, threads] = [values.share, values.repeats, values.threads].map(Number);
const provider = providers.find((name) => name === values.provider);
if (provider === undefined) throw new Error(`--provider: expected one of ${providers.join(", ")}`);
/** Of a picture, in pixels: a power of two, as generators have it. */
const sideOf = (full: number): number => Math.max(32, 2 ** Math.round(Math.log2(full * share)));

/** Something that a provider does again and again; `result` is what it gave last. */
interface Work {
  again(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Derivatives may be this far from float64's, of the largest number of a result (as in `klish doctor`). */
const TOLERANCE = 2e-3;

const kinds: Record<string, () => Promise<void>> = { ops, generator, training, painter };
if (kinds[values.only] === undefined) throw new Error(`--only: expected one of ${Object.keys(kinds).join(", ")}`);
try {
  await speedTest(ortNode, provider);
} catch (cause) {
  console.log(`not run on ${provider}: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exit(3);
}
await kinds[values.only]();
// Drivers may abort at a proper end.
process.exit();

/** Every op with its gradient against float64, and second derivatives against PyTorch's. */
async function ops(): Promise<void> {
  const tested = await selfTest(ortNode, provider as Provider);
  tell(
    "ops and gradients against float64",
    tested.map(({ name, error }) => ({ name, error })),
  );
  const goldens = readGoldens();
  const seconds: { name: string; error: number }[] = [];
  for (const goldenCase of goldenCases) {
    const got = await runGolden(goldenCase, goldens, { runtime: ortNode, provider: provider as Provider });
    const { first, second } = goldenErrors(goldens, goldenCase.name, got);
    seconds.push({ name: goldenCase.name, error: Math.max(first, second) });
  }
  tell("first and second derivatives against PyTorch in float64", seconds);
}

function tell(what: string, cases: readonly { name: string; error: number }[]): void {
  const wrong = cases.filter(({ error }) => !(error <= TOLERANCE)).map(({ name }) => name);
  const worst = Math.max(...cases.map(({ error }) => error));
  console.log(
    `${what}: ${cases.length - wrong.length} of ${cases.length} within ${TOLERANCE}; worst ${worst.toExponential(1)}` +
      (wrong.length > 0 ? `; wrong: ${wrong.join(", ")}` : ""),
  );
}

/** Pictures of StyleGAN2 generators. */
async function generator(): Promise<void> {
  for (const [full, mostChannels, batch] of [
    [64, 128, 8],
    [256, 512, 8],
    [1024, 512, 4],
  ]) {
    const resolution = sideOf(full);
    const z = tensor([batch, WIDTH], randn(1, batch * WIDTH));
    await row(`${batch} pictures, StyleGAN2, ${resolution} px, up to ${mostChannels} channels`, async (on) => {
      const network = networkGenerator(randomNetwork(resolution, mostChannels), {
        runtime: ortNode,
        provider: on,
        threads,
      });
      return {
        again: async () => (await network.generate({ z })).image.data,
        close: () => network.dispose(),
      };
    });
  }
}

/** A step of `klish train gan` with all its parts; results are the losses. */
async function training(): Promise<void> {
  for (const full of [64, 128]) {
    const resolution = sideOf(full);
    const recipe = ganRecipe(resolution, { r1Interval: 1, pathLengthInterval: 1 });
    const shape = [recipe.batch, recipe.imageChannels, resolution, resolution];
    const batch = tensor(shape, randn(0, sizeOf(shape)));
    await row(`a step of train gan, ${resolution} px, batch ${recipe.batch}, R1 and path length`, async (on) => {
      const trainer = await ganTrainer(recipe, { runtime: ortNode, provider: on, threads });
      return {
        again: async () => figures(await trainer.step(batch)),
        close: () => trainer.dispose(),
      };
    });
  }
}

/** A mask painted, and a step of `klish train painter`; results are pictures and losses. */
async function painter(): Promise<void> {
  for (const preset of ["auto", "spade"] as const) {
    const recipe = recipeOf({ preset, side: sideOf(128), classes: 12, batch: 8, seed: 0 });
    const file = untrained(recipe);
    await row(`a mask painted, ${preset}, ${recipe.resolution} px`, async (on) => {
      const session = await ortNode.createSession(painterOnnx(file), { provider: on, threads });
      return {
        again: async () => Object.values(await session.run(paintFeeds(file)))[0].data as Float32Array,
        close: () => session.dispose(),
      };
    });
    const examples = examplesOf(recipe);
    await row(`a step of train painter, ${preset}, ${recipe.resolution} px, batch ${recipe.batch}`, async (on) => {
      const trainer = await painterTrainer(recipe, { classes: classesOf(12), runtime: ortNode, provider: on, threads });
      return {
        again: async () => figures(await trainer.step(examples)),
        close: () => trainer.dispose(),
      };
    });
  }
}

/** Losses and what else a step reports, but for its count of pictures. */
function figures({ images: _, ...losses }: { readonly images: number }): Float32Array {
  return Float32Array.from(Object.values(losses));
}

/** A row of the table: the same work here and there, the first time (compilation) not counted. */
async function row(what: string, start: (on: Provider) => Promise<Work>): Promise<void> {
  const measured = async (on: Provider): Promise<{ ms: number; first: Float32Array }> => {
    const work = await start(on);
    const first = await work.again();
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const before = performance.now();
      await work.again();
      times.push(performance.now() - before);
    }
    await work.close();
    return { ms: median(times), first };
  };
  try {
    const [device, cpu] = [await measured(provider as Provider), await measured("cpu")];
    const largest = cpu.first.reduce((most, x) => Math.max(most, Math.abs(x)), Number.MIN_VALUE);
    const apart = cpu.first.reduce((most, x, i) => Math.max(most, Math.abs(x - device.first[i]) / largest), 0);
    const cells = [
      cpu.ms.toFixed(0),
      device.ms.toFixed(1),
      (cpu.ms / device.ms).toPrecision(3),
      apart.toExponential(1),
    ];
    console.log(`| ${what} | ${cells.join(" | ")} |`);
  } catch (cause) {
    // The rows after it are worth having too.
    console.log(`| ${what} | failed: ${cause instanceof Error ? cause.message : String(cause)} | | | |`);
    process.exitCode = 1;
  }
}
