/** Who judges paintings while a painter learns: losses of both sides from real and painted pictures of the same masks. */
import { add, input, mul, slice } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { oasisLogits, oasisParameters, patchJudgements, patchParameters } from "../../models/painter/discriminators.ts";
import type { ParameterTable } from "../../nn/parameters.ts";
import { besideMask } from "../../nn/regions.ts";
import {
  cutTogether,
  featureMatching,
  hingeGenerator,
  hingePainted,
  hingeReal,
  labelLoss,
  labelMixLoss,
  paintedLoss,
} from "../../nn/semanticLosses.ts";
import { withSpectralVectors } from "../../nn/spectralNorm.ts";
import type { AdversaryRecipe, PainterRecipe } from "./recipe.ts";

/**
 * What is judged: pictures [N,3,S,S] with their masks [N,K,S,S], and paintings of the masks `wanted`, which may be others; `own` [N,1,1,1] is
 * not 0 for paintings of their picture's own mask in its own style.
 */
export interface Judged {
  readonly real: Value;
  readonly painted: Value;
  readonly mask: Value;
  readonly wanted: Value;
  readonly own: Value;
}

/** Losses, of one element each. */
export interface AdversaryLosses {
  readonly painter: Value;
  readonly adversary: Value;
}

export interface Adversary {
  /** With the vectors of spectral normalisation. */
  readonly parameters: ParameterTable;
  losses(weights: ReadonlyMap<string, Value>, judged: Judged): AdversaryLosses;
}

/** Inputs that are fed where the losses use them: weights of classes [1,K,1,1], and where pictures are cut [n,1,S,S]. */
export const CLASS_WEIGHTS = "classWeights";
export const CUT = "cut";
/** LabelMix sees this part of a batch: it costs a pass of the discriminator over as many pictures. */
const MIXED = 0.25;

/** Pictures of a batch that LabelMix cuts together. */
export const mixedPictures = ({ adversary, batch }: Pick<PainterRecipe, "adversary" | "batch">): number =>
  adversary.kind === "oasis" && adversary.labelMix > 0 ? Math.max(1, Math.floor(batch * MIXED)) : 0;

type AdversaryKinds = {
  readonly [Kind in AdversaryRecipe["kind"]]: (
    plan: Extract<AdversaryRecipe, { kind: Kind }>,
    recipe: PainterRecipe,
  ) => Adversary;
};

const kinds: AdversaryKinds = {
  oasis: (plan, { classes, batch, resolution: S, featureMatching: unwanted, adversary }) => {
    if (unwanted > 0) throw new RangeError("painter recipe: featureMatching is of patches, expected 0");
    return {
      parameters: withSpectralVectors(oasisParameters(plan, classes)),
      losses(weights, { real, painted, mask, wanted }) {
        const seen = (pictures: Value): Value => oasisLogits(plan, weights, pictures);
        const classWeights = input(CLASS_WEIGHTS, [1, classes, 1, 1]);
        const [realLogits, paintedLogits] = [seen(real), seen(painted)];
        const told = add(labelLoss(realLogits, mask, classWeights), paintedLoss(paintedLogits));
        const n = mixedPictures({ adversary, batch });
        const first = (x: Value): Value => slice(x, [0, 0, 0, 0], [n, ...x.shape.slice(1)]);
        const mixed = (): Value => {
          const cut = input(CUT, [n, 1, S, S]);
          const logits = seen(cutTogether(first(real), first(painted), cut));
          return labelMixLoss(logits, first(realLogits), first(paintedLogits), cut);
        };
        return {
          painter: labelLoss(paintedLogits, wanted, classWeights),
          adversary: n === 0 ? told : add(told, mul(mixed(), plan.labelMix)),
        };
      },
    };
  },
  patches: (plan, { classes, featureMatching: weight }) => ({
    parameters: withSpectralVectors(patchParameters(plan, classes)),
    losses(weights, { real, painted, mask, wanted, own }) {
      const seen = (pictures: Value, of: Value) => patchJudgements(plan, weights, besideMask(pictures, of));
      const [ofReal, ofPainted] = [seen(real, mask), seen(painted, wanted)];
      const overScales = (loss: (scale: number) => Value): Value =>
        mul(
          ofReal.map((_, scale) => loss(scale)).reduce((sum, one) => add(sum, one)),
          1 / plan.scales,
        );
      const hinge = overScales((i) => hingeGenerator(ofPainted[i].logits));
      const matched = overScales((i) => featureMatching(ofReal[i].features, ofPainted[i].features, own));
      return {
        painter: weight === 0 ? hinge : add(hinge, mul(matched, weight)),
        adversary: overScales((i) => add(hingeReal(ofReal[i].logits), hingePainted(ofPainted[i].logits))),
      };
    },
  }),
};

/** The adversary of a recipe. */
export const adversaryOf = (recipe: PainterRecipe): Adversary =>
  (kinds[recipe.adversary.kind] as (plan: AdversaryRecipe, recipe: PainterRecipe) => Adversary)(
    recipe.adversary,
    recipe,
  );
