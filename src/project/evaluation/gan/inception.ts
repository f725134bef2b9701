import { createHash } from "node:crypto";
import type { Points } from "../../../features/quality/neighbours.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { tryPicturesApart } from "../../network/onnxTrial.ts";
import {
  outputName,
  type PictureModelRequest,
  pictureInput,
  pictureTensor,
  squareSide,
} from "../../network/pictureModel.ts";
import { resized, toRgb } from "../../sampling/images.ts";
import { ProjectError, readGiven } from "../../storage/files.ts";

/** A model from pictures to features, such as Inception. */
export interface InceptionModel {
  /** Of its file. */
  readonly sha256: string;
  /** Collects the features of one set of images. */
  collect(): { add(images: Tensor): Promise<void>; points(): Points };
  dispose(): Promise<void>;
}

const ROLE = { name: "model of features", option: "--inception" } as const;
/** Side of Inception's input, where the model takes any. */
const SIDE = 299;
/** Covariances of more do not fit. */
const MOST_DIMENSIONS = 4096;
const RANGE = [-1, 1] as const;

/** Opens an ONNX model. Throws ProjectError where it takes no pictures; `resolution` is that of the images to come. */
export async function openInception(
  request: PictureModelRequest,
  resolution: number,
  { threads, ...job }: JobOptions & { readonly threads: number },
): Promise<InceptionModel> {
  const model = await readGiven(request.file);
  const trial = { file: request.file, role: ROLE, side: request.size ?? SIDE };
  await tryPicturesApart({ bytes: model }, trial, job);
  const session = await ortNode.createSession(model, { threads });
  const input = pictureInput(session, request.file, ROLE);
  const side = squareSide(input, request, SIDE, ROLE);
  const size = { width: side, height: side };
  const output = outputName(session, request);

  async function features(pictures: readonly Uint8Array[]): Promise<Float32Array> {
    const { dtype, shape, data } = (
      await session.run({ [input.name]: pictureTensor(pictures, size, input, request.range) }, [output])
    )[output];
    const dimensions = data.length / pictures.length;
    if (dtype !== "float32" || shape[0] !== pictures.length || dimensions > MOST_DIMENSIONS)
      throw new ProjectError(
        `${request.file}: output "${output}" is ${dtype}[${shape.join(",")}] for ${pictures.length} pictures, expected float32 [batch, up to ${MOST_DIMENSIONS} features]. Choose another with --inception-output.`,
      );
    return data;
  }

  return {
    sha256: createHash("sha256").update(model).digest("hex"),
    collect() {
      const parts: Float32Array[] = [];
      let images = 0;
      return {
        async add(batch) {
          const pictures = await Promise.all(toRgb(batch, RANGE).map((rgb) => resized(rgb, resolution, side)));
          const groups = input.batch === undefined ? [pictures] : pictures.map((picture) => [picture]);
          for (const group of groups) parts.push(await features(group));
          images += pictures.length;
        },
        points() {
          const data = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
          let at = 0;
          for (const part of parts) {
            data.set(part, at);
            at += part.length;
          }
          return { data, dimensions: data.length / images };
        },
      };
    },
    dispose: () => session.dispose(),
  };
}
