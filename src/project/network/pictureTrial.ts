import type { OnnxModel } from "../../gan/onnx/trial.ts";
import type { Runtime } from "../../runtime/session.ts";
import { type ModelRole, pictureInput, pictureTensor } from "./pictureModel.ts";

/** What is to be tried, in words for messages, and with pictures of which size. */
export interface PictureTrial {
  readonly file: string;
  readonly role: ModelRole;
  /** Side of the square picture for a model that takes any size. */
  readonly side: number;
}

/** Runs a model once on a black picture. Rejects where it takes no pictures (ProjectError) or does not run (RuntimeError). */
export async function tryPictures(
  { bytes, externalData = [] }: OnnxModel,
  { file, role, side }: PictureTrial,
  { runtime, onRun }: { readonly runtime: Runtime; readonly onRun: () => void },
): Promise<void> {
  const session = await runtime.createSession(bytes, { provider: "cpu", externalData });
  try {
    const input = pictureInput(session, file, role);
    const size = input.size ?? { width: side, height: side };
    const black = new Uint8Array(3 * size.width * size.height);
    await session.run({ [input.name]: pictureTensor([black], size, input, [0, 1]) });
    onRun();
  } finally {
    await session.dispose();
  }
}
