/** A segmenter, opened: any ONNX model from pictures to logits or label maps, or one of klish. */
import type { DatasetClass } from "../../dataset/labelMap.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { Session } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { AnyTensor } from "../../tensor/tensor.ts";
import { cssColor, distinctColors } from "../cluster/palette.ts";
import { outputName, type PictureModelRequest, pictureInput, pictureTensor } from "../network/pictureModel.ts";
import { ProjectError } from "../storage/files.ts";
import type { InputSize, Size } from "./frame.ts";
import { oneHotMaps, probabilities, type ScoreMaps } from "./scoreMaps.ts";
import { openSegmenterModel } from "./segmenterModel.ts";

export interface Segmenter {
  /** Undefined where the model does not name them. */
  readonly classes: readonly DatasetClass[] | undefined;
  /** Of its file. */
  readonly sha256: string;
  readonly input: InputSize;
  /** Pictures that one run takes. */
  readonly batch: number;
  /** Scores of RGB pictures [H,W,3] of one size that the input may have, at most `batch` of them. */
  scores(pictures: readonly Uint8Array[], size: Size): Promise<ScoreMaps[]>;
  dispose(): Promise<void>;
}

/** The model's classes; of one that names none, "class 0", "class 1", ... in distinct colours. */
export function classesOf({ classes }: Pick<Segmenter, "classes">, count: number): readonly DatasetClass[] {
  return (
    classes ??
    distinctColors(count).map((color, id) => ({ name: `class ${id}`, color: cssColor(color), background: false }))
  );
}

const ROLE = { name: "segmenter", option: "--model" } as const;
/** Longer side of a photo in a model of any size that does not say what it learned from. */
const LONGEST = 512;
/** Sides that common networks halve without a remainder. */
const STEP = 32;
/** Pictures of one run, where the model takes any number. */
const BATCH = 8;
/** A run of a batch holds at most so many pixels: networks keep hundreds of numbers for each. */
const BATCH_PIXELS = 2 ** 20;
/** Sizes for whose full batches a network of klish is compiled for them alone; photos of more sizes are rarely many of each. */
const SIZES = 4;
/** Label maps of a model that gives no logits: ids from 0 to 254. */
const MOST_LABELS = 255;

/** Opens a segmenter. Throws ProjectError for another kind of model. */
export async function openSegmenter(
  request: PictureModelRequest,
  options: JobOptions & { readonly threads: number },
): Promise<Segmenter> {
  const opened = await openSegmenterModel(request, ROLE, { ...options, otherwise: LONGEST });
  const { session, classes, side, sha256 } = opened;
  const { file, size, range } = request;
  try {
    const input = pictureInput(session, file, ROLE);
    const output = outputName(session, request);
    if (input.size !== undefined && size !== null && Math.max(input.size.width, input.size.height) !== size)
      throw new ProjectError(
        `${file} takes pictures of ${input.size.width}x${input.size.height} pixels, not ${size}: leave --size out.`,
      );
    const longest = size ?? side ?? LONGEST;
    const largest = input.size === undefined ? longest ** 2 : input.size.width * input.size.height;
    const batch = input.batch ?? Math.max(1, Math.min(BATCH, Math.floor(BATCH_PIXELS / largest)));
    const sized = new Map<string, Promise<Session>>();
    const sessionFor = async (pictures: number, { width, height }: Size): Promise<Session> => {
      const key = `${width}x${height}`;
      if (pictures < batch || opened.sized === undefined || (sized.size === SIZES && !sized.has(key))) return session;
      const { threads } = options;
      const made = sized.get(key) ?? ortNode.createSession(opened.sized(batch, { width, height }), { threads });
      sized.set(key, made);
      return made;
    };
    return {
      classes,
      sha256,
      input: input.size ?? { longest, step: STEP },
      batch,
      async scores(pictures, at) {
        const running = await sessionFor(pictures.length, at);
        const fetched = await running.run({ [input.name]: pictureTensor(pictures, at, input, range) }, [output]);
        return scoresOf(file, fetched[output], pictures.length);
      },
      async dispose() {
        await session.dispose();
        for (const other of sized.values()) await (await other).dispose();
      },
    };
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

/** What a model gave for `n` pictures, as maps of probabilities. */
function scoresOf(file: string, { dtype, shape, data }: AnyTensor, n: number): ScoreMaps[] {
  const numbers = Array.from({ length: n }, (_, i) => i);
  if (dtype === "float32" && shape.length === 4 && shape[0] === n) {
    const [, classes, height, width] = shape;
    if (!(data as Float32Array).every(Number.isFinite))
      throw new ProjectError(
        `${file} gives numbers that are infinite or NaN. Its weights are damaged, or --range does not fit.`,
      );
    const size = { classes, height, width };
    return numbers.map((i) => probabilities(data as Float32Array, i * classes * height * width, size));
  }
  const maps = shape.length === 4 && shape[1] === 1 ? [shape[0], ...shape.slice(2)] : shape;
  if (dtype !== "float32" && maps.length === 3 && maps[0] === n) {
    const [, height, width] = maps;
    const labels = Int32Array.from(data as ArrayLike<number | bigint>, Number);
    const most = labels.reduce((a, b) => Math.max(a, b), 0);
    if (most >= MOST_LABELS || labels.some((label) => label < 0))
      throw new ProjectError(`${file} gives labels outside 0 to ${MOST_LABELS - 1}.`);
    const size = { classes: most + 1, height, width };
    return numbers.map((i) => oneHotMaps(labels.subarray(i * height * width, (i + 1) * height * width), size));
  }
  throw new ProjectError(
    `${file} is not a segmenter that klish can run: expected logits float32 [batch, classes, h, w] or label maps [batch, h, w], ` +
      `got ${dtype}[${shape.join(",")}] for ${n} pictures. Choose another output with --output.`,
  );
}
