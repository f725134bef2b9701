/**
 * Training of a painter: generator and encoder against a discriminator. A step is one compiled graph in which both sides learn from
 * the same paintings, each from the other's present weights.
 */

import type { DatasetClass } from "../../dataset/labelMap.ts";
import { mirrorClasses } from "../../dataset/mirrorClasses.ts";
import { grad } from "../../graph/grad.ts";
import { graph } from "../../graph/graph.ts";
import { add, exp, input, matmul, mul, transpose } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { oneHot } from "../../models/painter/painter.ts";
import { painterNetwork } from "../../models/painter/painterNetwork.ts";
import type { Codes } from "../../models/painter/styleEncoder.ts";
import { type Vgg, vggFeatures } from "../../models/painter/vgg.ts";
import { type AdamOptions, movingAverage } from "../../nn/optimizers.ts";
import { initialTensors, type ParameterTable, parameterInputs, trainedNames } from "../../nn/parameters.ts";
import { codeDivergence, colourDistance, perceptualDistance } from "../../nn/semanticLosses.ts";
import { spectralWeights } from "../../nn/spectralNorm.ts";
import { compile, type Provider, type Runtime, type Session } from "../../runtime/session.ts";
import { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import {
  adamNumbers,
  adamStart,
  adamUpdates,
  restoreNumbers,
  restoreTensors,
  scalarFeeds,
  weightName,
} from "../adamUpdates.ts";
import { type Example, planesOf, stacked } from "../examples.ts";
import { mixSeed } from "../mixSeed.ts";
import { type Trainer, TrainingError, type TrainingState } from "../trainer.ts";
import { trainStep, variables } from "../trainStep.ts";
import { adversaryOf, CLASS_WEIGHTS, CUT, mixedPictures } from "./adversary.ts";
import { classBalance, labelCuts, presentClasses, styleSources, turned } from "./batch.ts";
import { randomlyEdited } from "./maskEdits.ts";
import { checkPainterRecipe, type PainterRecipe } from "./recipe.ts";

/** What a step tells of itself. */
export interface PainterReport {
  /** Pictures shown so far, this step's among them. */
  readonly images: number;
  /** What the discriminator's judgement costs the painter, and what the discriminator's own task costs it. */
  readonly lossPainter: number;
  readonly lossAdversary: number;
  /** Mean distance of colours in [-1,1] of paintings in their picture's own style. */
  readonly colours: number;
}

/** Trains a painter step by step. */
export interface PainterTrainer extends Trainer<readonly Example[], PainterReport> {
  readonly recipe: PainterRecipe;
  /** Styles [n,P,d] of pictures by the averaged weights. */
  encode(examples: readonly Example[]): Promise<Tensor>;
  /** Paintings [n,3,S,S] in [-1,1] of label maps in styles [n,P,d], by the averaged weights. */
  paint(labels: readonly Uint8Array[], styles: Tensor): Promise<Tensor>;
  /** The averaged weights by the network's names. */
  weights(): Map<string, Tensor>;
}

/** Classes by name, where the painter is trained, and from what state. */
export interface PainterTrainerOptions {
  readonly classes: readonly Pick<DatasetClass, "name" | "background">[];
  readonly runtime: Runtime;
  readonly provider?: Provider;
  readonly threads?: number;
  /** For recipes with a perceptual loss. */
  readonly vgg?: Vgg;
  /** What `state()` of a trainer of the same recipe gave: training continues from there. */
  readonly state?: TrainingState;
}

/** Names of the networks among the variables, and of the averages. */
const [PAINTER, ADVERSARY] = ["G", "D"];
const averageOf = (name: string): string => `ema/${name}`;
/** The share of the past. */
const AVERAGE = "average";
/** Streams of random numbers of a step. */
const [TURNED, STYLES, CUTS, SPREAD, EDITS] = [0, 1, 2, 3, 4];

/**
 * Makes a trainer. Rejects with RangeError for a recipe or a state that does not fit, and with RuntimeError where the provider
 * cannot run a step.
 */
export async function painterTrainer(
  given: PainterRecipe,
  { classes, state: restored, runtime, provider = "cpu", threads, vgg }: PainterTrainerOptions,
): Promise<PainterTrainer> {
  const recipe = checkPainterRecipe(given);
  const { plan, batch, resolution: side, classes: K, seed } = recipe;
  if (recipe.perceptual > 0 && vgg === undefined)
    throw new RangeError("painter recipe: perceptual is not 0, and no VGG is given");
  const network = painterNetwork(plan, K, side);
  const adversary = adversaryOf(recipe);
  const where = { runtime, provider, ...(threads === undefined ? {} : { threads }) };
  const [beta1, beta2] = recipe.betas;
  const adamOptions: AdamOptions = { beta1, beta2 };
  const own = batch - Math.round(batch * recipe.otherStyles);
  /** Those from here on are painted by edited masks. */
  const edited = batch - Math.round((batch - own) * recipe.editedMasks);
  if (edited < batch && edited < mixedPictures(recipe))
    throw new RangeError(
      "painter recipe: LabelMix needs paintings of the pictures' own masks, expected fewer editedMasks",
    );
  /** Without a past, the averages are the weights themselves. */
  const averaged = recipe.averageDecay > 0;
  const averageName = (name: string): string => (averaged ? averageOf(name) : weightName(PAINTER, name));
  const progress = { step: 0, images: 0 };
  const initial = initialVariables();
  if (restored !== undefined) {
    restoreNumbers(restored.scalars, progress);
    restoreTensors(restored.tensors, initial);
  }
  const state = variables(initial);
  const step = await trainStep({ ...stepGraph(), ...where, memory: "kept" });
  const background = classes.map((one) => one.background);
  const mirrored = mirrorClasses(classes.map(({ name }) => name));
  /** By what they do and the number of pictures. */
  const sessions = new Map<string, Promise<Session>>();

  function initialVariables(): Map<string, Tensor> {
    const all = new Map<string, Tensor>();
    const begin = (name: string, table: ParameterTable, stream: number): void => {
      const trained = new Set(trainedNames(table));
      for (const [parameter, value] of initialTensors(table, mixSeed(seed, 0, stream))) {
        all.set(weightName(name, parameter), value);
        if (trained.has(parameter))
          for (const [moment, start] of adamStart(name, parameter, value, adamOptions)) all.set(moment, start);
        if (name === PAINTER && averaged) all.set(averageName(parameter), value);
      }
    };
    begin(PAINTER, network.parameters, 10);
    begin(ADVERSARY, adversary.parameters, 11);
    return all;
  }

  function stepGraph(): { updates: Map<string, Value>; reports: Record<string, Value> } {
    const real = input("reals", [batch, 3, side, side]);
    const mask = input("mask", [batch, K, side, side]);
    const wanted = edited < batch ? input("wanted", mask.shape) : mask;
    const ownStyle = input("own", [batch, 1, 1, 1]);
    const rawG = parameterInputs(network.parameters, weightName(PAINTER, ""));
    const rawD = parameterInputs(adversary.parameters, weightName(ADVERSARY, ""));
    const graphs = network.training(rawG);
    const codes = graphs.encode(real, mask);
    const painted = graphs.paint(wanted, chosenStyles(drawnCodes(codes)));
    const ofD = spectralWeights(rawD);
    const losses = adversary.losses(ofD.weights, { real, painted, mask, wanted, own: ownStyle });
    const colours = colourDistance(painted, real, ownStyle);
    const { logVariances } = codes;
    const parts = [
      losses.painter,
      ...(recipe.colours > 0 ? [mul(colours, recipe.colours)] : []),
      ...(recipe.perceptual > 0 && vgg !== undefined
        ? [mul(perceptualDistance(vggFeatures(vgg, real), vggFeatures(vgg, painted), ownStyle), recipe.perceptual)]
        : []),
      ...(recipe.divergence > 0 && logVariances !== undefined
        ? [mul(codeDivergence(codes.means, logVariances), recipe.divergence)]
        : []),
    ];
    const updates = new Map([
      ...updatesOf(
        PAINTER,
        network.parameters,
        rawG,
        parts.reduce((sum, part) => add(sum, part)),
      ),
      ...updatesOf(ADVERSARY, adversary.parameters, rawD, losses.adversary),
    ]);
    for (const [name, value] of graphs.statistics) updates.set(weightName(PAINTER, name), value);
    for (const [name, value] of ofD.statistics) updates.set(weightName(ADVERSARY, name), value);
    const share = input(AVERAGE, [1]);
    for (const [name, { shape }] of averaged ? network.parameters : []) {
      const next = updates.get(weightName(PAINTER, name)) as Value;
      updates.set(averageName(name), movingAverage(input(averageName(name), shape), next, share));
    }
    return { updates, reports: { lossPainter: losses.painter, lossAdversary: losses.adversary, colours } };
  }

  function updatesOf(
    name: string,
    table: ParameterTable,
    weights: ReadonlyMap<string, Value>,
    loss: Value,
  ): Map<string, Value> {
    const names = trainedNames(table);
    const trained = new Map(names.map((parameter) => [parameter, weights.get(parameter) as Value]));
    const list = grad(loss, [...trained.values()]);
    return adamUpdates(name, trained, new Map(names.map((parameter, i) => [parameter, list[i]])), adamOptions);
  }

  /** Codes as they are, or drawn around their means. */
  function drawnCodes({ means, logVariances }: Codes): Value {
    if (logVariances === undefined || recipe.divergence === 0) return means;
    return add(means, mul(exp(mul(logVariances, 0.5)), input("spread", means.shape)));
  }

  /** Of codes [N,P,d], those that the sources name: place by place a product [N,N] x [N,d]. */
  function chosenStyles(codes: Value): Value {
    const [N, P] = codes.shape;
    const byPlace = (x: Value): Value => transpose(x, [1, 0, 2]);
    return byPlace(matmul(byPlace(input("sources", [N, P, N])), byPlace(codes)));
  }

  const sessionFor = (key: string, build: () => Record<string, Value>): Promise<Session> => {
    const known = sessions.get(key);
    if (known !== undefined) return known;
    const session = compile(graph(build()), { ...where, memory: "kept" });
    sessions.set(key, session);
    return session;
  };
  const averages = (): ReadonlyMap<string, Value> => parameterInputs(network.parameters, averageName(""));
  const runAveraged = async (session: Session, feeds: Record<string, Tensor>): Promise<Tensor> => {
    const weights = session.inputs.flatMap(({ name }) => {
      const t = state.tensors.get(name);
      return t === undefined ? [] : [[name, t] as const];
    });
    return (await session.run({ ...Object.fromEntries(weights), ...feeds }))["result"] as Tensor;
  };
  const copies = (names: Iterable<string>): [string, Tensor][] =>
    [...names].map((name) => {
      const { shape, data } = state.tensors.get(name) as Tensor;
      return [name, tensor(shape, data.slice())];
    });
  const picturesOf = (examples: readonly Example[]): Tensor =>
    stacked(
      examples.map(({ rgb }) => planesOf(rgb, side)),
      side,
    );

  return {
    recipe,
    get images() {
      return progress.images;
    },
    async step(given) {
      if (given.length !== batch) throw new RangeError(`step: ${given.length} pictures, the recipe expects ${batch}`);
      const random = (stream: number): RandomState => new RandomState(mixSeed(seed, progress.step, stream));
      const flips = random(TURNED);
      const examples = given.map(({ rgb, labels }) =>
        recipe.mirror && flips.randomSample() < 0.5
          ? { rgb: turned(rgb, side), labels: turned(labels, side).map((label) => mirrored[label] ?? label) }
          : { rgb, labels },
      );
      const labels = examples.map((example) => example.labels);
      const mask = oneHot(labels, K, side);
      const sources = styleSources(presentClasses(labels, K), network.places, own, random(STYLES));
      const n = mixedPictures(recipe);
      const spread = random(SPREAD);
      const edits = random(EDITS);
      const wanted = (): Uint8Array[] =>
        labels.map((map, i) => (i < edited ? map : randomlyEdited(map, side, background, edits)));
      const feeds: Record<string, Tensor> = {
        reals: picturesOf(examples),
        mask,
        own: tensor(
          [batch, 1, 1, 1],
          Float32Array.from({ length: batch }, (_, i) => (i < own ? batch / own : 0)),
        ),
        ...(edited < batch ? { wanted: oneHot(wanted(), K, side) } : {}),
        sources,
        ...(recipe.adversary.kind === "oasis" ? { [CLASS_WEIGHTS]: classBalance(mask) } : {}),
        ...(n > 0 ? { [CUT]: labelCuts(labels.slice(0, n), side, random(CUTS)) } : {}),
        ...(plan.modulation === "spade" && recipe.divergence > 0
          ? {
              spread: tensor(
                [batch, network.places, plan.styleSize],
                Float32Array.from({ length: batch * network.places * plan.styleSize }, () => spread.randn()),
              ),
            }
          : {}),
        ...adamNumbers(PAINTER, progress.step + 1, recipe.learningRate.painter, adamOptions),
        ...adamNumbers(ADVERSARY, progress.step + 1, recipe.learningRate.adversary, adamOptions),
        ...(averaged
          ? scalarFeeds({ [AVERAGE]: Math.min(recipe.averageDecay, (1 + progress.step) / (10 + progress.step)) })
          : {}),
      };
      const reports = await step.run(state, feeds);
      progress.step++;
      progress.images += batch;
      const [lossPainter, lossAdversary, colours] = ["lossPainter", "lossAdversary", "colours"].map(
        (name) => reports[name].data[0],
      );
      if (![lossPainter, lossAdversary, colours].every(Number.isFinite))
        throw new TrainingError(
          `training has diverged at ${progress.images} images (losses ${lossPainter} and ${lossAdversary}): begin a new run with a lower learning rate; what was saved before is good`,
        );
      return { images: progress.images, lossPainter, lossAdversary, colours };
    },
    state: () => ({ tensors: new Map(copies(state.tensors.keys())), scalars: { ...progress } }),
    async encode(examples) {
      const n = examples.length;
      const session = await sessionFor(`encode ${n}`, () => {
        const pictures = input("pictures", [n, 3, side, side]);
        const { means } = network.inference(averages()).encode(pictures, input("mask", [n, K, side, side]));
        return { result: means };
      });
      const masks = oneHot(
        examples.map(({ labels }) => labels),
        K,
        side,
      );
      const named = session.inputs.some(({ name }) => name === "mask") ? { mask: masks } : {};
      return runAveraged(session, { pictures: picturesOf(examples), ...named });
    },
    async paint(labels, styles) {
      const n = labels.length;
      const session = await sessionFor(`paint ${n}`, () => {
        const mask = input("mask", [n, K, side, side]);
        const graphs = network.inference(averages());
        return { result: graphs.paint(mask, input("styles", [n, network.places, plan.styleSize])) };
      });
      return runAveraged(session, { mask: oneHot(labels, K, side), styles });
    },
    weights: () => new Map([...network.parameters.keys()].map((name) => [name, copies([averageName(name)])[0][1]])),
    async dispose() {
      await step.dispose();
      for (const session of sessions.values()) await (await session).dispose();
    },
  };
}
