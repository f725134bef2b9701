import { describe, expect, it } from "vitest";
import { oneHot } from "../../../src/models/painter/painter.ts";
import { cladePlan, spadePlan } from "../../../src/models/painter/plan.ts";
import { portraitClasses } from "../../../src/portraits/classes.ts";
import { portraitOf } from "../../../src/portraits/render.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { classBalance, labelCuts, presentClasses, styleSources, turned } from "../../../src/train/painter/batch.ts";
import { painterTrainer } from "../../../src/train/painter/painterTrainer.ts";
import { checkPainterRecipe, type PainterRecipe } from "../../../src/train/painter/recipe.ts";

describe("what a step is fed", () => {
  it("oneHot() has planes of classes, and none for 255", () => {
    expect([...oneHot([Uint8Array.of(0, 1, 255, 1)], 2, 2).data]).toEqual([1, 0, 0, 0, 0, 1, 0, 1]);
  });

  it("classBalance() lets every class that is there count the same, and their sum be the number of pixels", () => {
    // Of eight pixels, six of class 0, two of class 2, none of class 1.
    const mask = oneHot([Uint8Array.of(0, 0, 0, 2), Uint8Array.of(0, 0, 0, 2)], 3, 2);
    expect([...classBalance(mask).data]).toEqual([8 / 12, 0, 2].map((x) => expect.closeTo(x, 6)));
  });

  it("styleSources() keeps the own style first, then takes another picture's, but for parts that it has not", () => {
    const present = presentClasses([Uint8Array.of(0, 1, 0, 1), Uint8Array.of(0, 0, 0, 0)], 2);
    const { shape, data } = styleSources(present, 2, 1, new RandomState(0));
    expect(shape).toEqual([2, 2, 2]);
    // Picture 0: its own. Picture 1: both from picture 0, which has all.
    expect([...data]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
    const other = styleSources(present, 2, 0, new RandomState(0));
    // Picture 0 takes class 0 from picture 1, which has no class 1.
    expect([...other.data.slice(0, 4)]).toEqual([0, 1, 1, 0]);
    expect([...styleSources(present, 1, 0, new RandomState(0)).data]).toEqual([0, 1, 1, 0]);
  });

  it("labelCuts() cuts along the parts", () => {
    const labels = Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    const { data } = labelCuts([labels], 4, new RandomState(3));
    for (const [p, v] of data.entries()) expect(v).toBe(data[p % 4]);
    expect(new Set(data)).toEqual(new Set([0, 1]));
  });

  it("turned() mirrors pictures and labels", () => {
    expect([...turned(Uint8Array.of(1, 2, 3, 4), 2)]).toEqual([2, 1, 4, 3]);
    expect([...turned(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 2).slice(0, 6)]).toEqual([
      4, 5, 6, 1, 2, 3,
    ]);
  });
});

const SIDE = 16;
const examples = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const { rgb, labels } = portraitOf(first + i, SIDE);
    return { rgb, labels: labels.data };
  });

const clade: PainterRecipe = {
  plan: {
    ...cladePlan(SIDE),
    start: 8,
    blocks: [
      { channels: 8, enlarge: false },
      { channels: 8, enlarge: true },
      { channels: 4, enlarge: true },
    ],
    styleSize: 4,
    encoder: [{ channels: 4, stride: 1 }],
  },
  adversary: { kind: "oasis", channels: [4, 6], labelMix: 5 },
  classes: portraitClasses.length,
  resolution: SIDE,
  batch: 4,
  learningRate: { painter: 1e-3, adversary: 1e-3 },
  betas: [0, 0.99],
  colours: 5,
  featureMatching: 0,
  perceptual: 0,
  divergence: 0,
  otherStyles: 0.5,
  editedMasks: 0.5,
  averageDecay: 0.9,
  mirror: true,
  seed: 3,
};
const spade: PainterRecipe = {
  ...clade,
  plan: {
    ...spadePlan(1),
    start: 4,
    blocks: [
      { channels: 4, enlarge: false },
      { channels: 2, enlarge: true },
    ],
    styleSize: 4,
    encoder: [{ channels: 4, stride: 2 }],
  },
  adversary: { kind: "patches", scales: 2, width: 4, layers: 2 },
  colours: 0,
  featureMatching: 10,
  divergence: 0.05,
};
const where = { classes: portraitClasses, runtime: ortNode, threads: 1 };

describe.each([
  ["clade", clade],
  ["spade", spade],
])("painterTrainer(), %s", (kind, recipe) => {
  it("continues from a state to the same weights, and paints and encodes by their averages", async () => {
    const whole = await painterTrainer(recipe, where);
    const first = await whole.step(examples(0, 4));
    expect(first.images).toBe(4);
    const state = whole.state();
    await whole.step(examples(4, 4));
    const resumed = await painterTrainer(recipe, { ...where, state });
    expect(resumed.images).toBe(4);
    await resumed.step(examples(4, 4));
    expect(resumed.state()).toEqual(whole.state());

    const some = examples(20, 2);
    const labels = some.map((example) => example.labels);
    const styles = await whole.encode(some);
    expect(styles.shape).toEqual([2, kind === "clade" ? portraitClasses.length : 1, 4]);
    const painted = await whole.paint(labels, styles);
    expect(painted.shape).toEqual([2, 3, SIDE, SIDE]);
    expect([...whole.weights().keys()]).toContain("block0.conv0.weight");
    await Promise.all([whole, resumed].map((trainer) => trainer.dispose()));
  });
});

it("painterTrainer() learns colours by its own style, and refuses batches and states of others", async () => {
  const trainer = await painterTrainer({ ...clade, otherStyles: 0, colours: 50 }, where);
  const batch = examples(0, 4);
  const first = await trainer.step(batch);
  let last = first;
  for (let i = 0; i < 40; i++) last = await trainer.step(batch);
  expect(last.colours).toBeLessThan(0.8 * first.colours);
  await expect(trainer.step(examples(0, 3))).rejects.toThrow("3 pictures, the recipe expects 4");
  await expect(painterTrainer(spade, { ...where, state: trainer.state() })).rejects.toThrow(
    "belongs to another recipe",
  );
  await trainer.dispose();
});

it.each([
  [{ batch: 1 }, "batch is 1, expected two or more"],
  [{ resolution: 18 }, "resolution is 18, expected a whole number from 16 that 4 divides"],
  [{ classes: 1 }, "classes is 1, expected 2 to 255"],
  [{ otherStyles: 2 }, "otherStyles is 2, expected a share"],
  [{ learningRate: { painter: 0, adversary: 1 } }, "learningRate"],
] as [Partial<PainterRecipe>, string][])("checkPainterRecipe() refuses %j", (changes, message) => {
  expect(() => checkPainterRecipe({ ...clade, ...changes })).toThrow(message);
});
