import { sampleInto } from "../../features/sampleFeatures.ts";
import type { Generator } from "../../gan/generator.ts";
import { addResized, linearMap } from "../../numeric/bilinear.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { AnyTensor } from "../../tensor/tensor.ts";
import { generateOptions } from "../cluster/request.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import { resizeMaps } from "../dataset/seedMasks.ts";
import {
  outputName,
  type PictureModelRequest,
  pictureInput,
  pictureTensor,
  squareSide,
} from "../network/pictureModel.ts";
import { resized, toRgb } from "../sampling/images.ts";
import { openSegmenterModel } from "../segment/segmenterModel.ts";
import { ProjectError } from "../storage/files.ts";
import { checkedLabel } from "./truth.ts";

/** Which images of a generator, and how they are generated. */
export type SegmentedImages = Pick<
  ClusterSettings,
  "seeds" | "resolution" | "truncationPsi" | "truncationCutoff" | "noiseMode" | "class"
>;

const ROLE = { name: "segmenter", option: "--segmenter" } as const;

/**
 * The classes that a segmenter sees in the images of a project's seeds, at the clustering resolution [N,R,R]. Logits [N,C,h,w] are
 * resized as features are (bilinear, corners aligned) before the argmax, one of C = 1 is split at 0; of label maps [N,h,w] each pixel
 * takes the nearest. Throws ProjectError for a model that is not a segmenter.
 */
export async function segmentSeeds(
  settings: SegmentedImages,
  generator: Generator,
  request: PictureModelRequest,
  { threads, ...job }: JobOptions & { readonly threads: number },
): Promise<Uint16Array> {
  const { seeds, resolution } = settings;
  const { info } = generator;
  const opening = { threads, otherwise: info.resolution, ...job };
  const { session, side: learnedAt } = await openSegmenterModel(request, ROLE, opening);
  try {
    const input = pictureInput(session, request.file, ROLE);
    const side = squareSide(input, request, learnedAt ?? info.resolution, ROLE);
    const size = { width: side, height: side };
    const output = outputName(session, request);
    const area = resolution ** 2;
    const truth = new Uint16Array(seeds.length * area);
    await sampleInto(
      generator,
      seeds,
      { ...generateOptions(settings, info), layers: [], resolution },
      async (first, _, sample) => {
        const rgb = toRgb((await sample()).image, info.imageRange);
        const pictures = await Promise.all(rgb.map((picture) => resized(picture, info.resolution, side)));
        const groups = input.batch === undefined ? [pictures] : pictures.map((picture) => [picture]);
        let at = first;
        for (const group of groups) {
          const feeds = { [input.name]: pictureTensor(group, size, input, request.range) };
          const fetched = await session.run(feeds, [output]);
          truth.set(labelsOf(request.file, fetched[output], group.length, resolution), at * area);
          at += group.length;
        }
      },
      { ...job, onProgress: (progress) => job.onProgress?.({ ...progress, phase: "segment images" }) },
    );
    return truth;
  } finally {
    await session.dispose();
  }
}

/** The class of each pixel of `images` pictures at `resolution`. */
function labelsOf(file: string, found: AnyTensor, images: number, resolution: number): Uint16Array {
  const { dtype, shape } = found;
  const got = `${dtype}[${shape.join(",")}]`;
  const maps = shape.length === 4 && shape[1] === 1 && dtype !== "float32" ? [shape[0], ...shape.slice(2)] : shape;
  if (maps.length === 3 && maps[0] === images && maps[1] === maps[2]) {
    const labels = Uint16Array.from(found.data as ArrayLike<number | bigint>, (x) => checkedLabel(file, Number(x)));
    return resizeMaps(labels, images, maps[1], resolution);
  }
  if (dtype !== "float32" || shape.length !== 4 || shape[0] !== images || shape[2] !== shape[3])
    throw new ProjectError(
      `${file} is not a segmenter that klish can run: expected logits float32 [batch, classes, h, h] or label maps ` +
        `[batch, h, h], got ${got} for ${images} pictures. Choose another output with --segmenter-output.`,
    );
  const [, classes, side] = shape;
  const area = resolution ** 2;
  const logits = new Float32Array(images * classes * area);
  addResized(found.data as Float32Array, 0, images * classes, linearMap(side, resolution), logits, 0);
  return Uint16Array.from({ length: images * area }, (_, n) => {
    const at = Math.floor(n / area) * classes * area + (n % area);
    if (classes === 1) return Number(logits[at] > 0);
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[at + c * area] > logits[at + best * area]) best = c;
    return best;
  });
}
