import { graph } from "../../graph/graph.ts";
import { input } from "../../graph/ops/index.ts";
import { segmenterGraph } from "../../models/segmenter.ts";
import { compile, type Provider, type Runtime } from "../../runtime/session.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Example, picturesTensor } from "./examples.ts";

export interface SegmenterScores {
  /** Share of pixels of the right class. */
  readonly accuracy: number;
  /** Of each class over all pixels; NaN for classes that neither appear nor are found. */
  readonly iou: readonly number[];
  /** Mean over the classes that have one. */
  readonly meanIou: number;
}

const BATCH = 20;

/** How well trained weights do on pictures with true labels. */
export async function segmenterScores(
  weights: ReadonlyMap<string, Tensor>,
  examples: readonly Example[],
  side: number,
  where: { readonly runtime: Runtime; readonly provider?: Provider; readonly threads?: number },
): Promise<SegmenterScores> {
  const { logits } = segmenterGraph(weights, input("pictures", [1, 3, side, side]));
  const classes = logits.shape[1];
  const session = await compile(graph({ logits }), { ...where, dynamicBatch: true });
  const area = side * side;
  const [hit, found, there] = [0, 0, 0].map(() => new Float64Array(classes));
  try {
    for (let first = 0; first < examples.length; first += BATCH) {
      const some = examples.slice(first, first + BATCH);
      const result = (await session.run({ pictures: picturesTensor(some, side) }))["logits"] as Tensor;
      for (const [n, { labels }] of some.entries())
        for (let p = 0; p < area; p++) {
          const at = n * classes * area + p;
          let best = 0;
          for (let c = 1; c < classes; c++) if (result.data[at + c * area] > result.data[at + best * area]) best = c;
          found[best]++;
          there[labels[p]]++;
          if (best === labels[p]) hit[best]++;
        }
    }
  } finally {
    await session.dispose();
  }
  const iou = Array.from(hit, (n, c) => n / (found[c] + there[c] - n));
  const known = iou.filter((x) => !Number.isNaN(x));
  const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
  return { accuracy: sum(hit) / sum(there), iou, meanIou: sum(known) / known.length };
}
