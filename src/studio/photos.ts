/** Photos that are dropped into a page. */
import { link, rm, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import sharp from "sharp";
import type { z } from "zod";
import { fileStem } from "../dataset/insidePath.ts";
import { makeFolder, temporaryName } from "../project/storage/files.ts";
import type { photo } from "./api.ts";
import { placeKind } from "./places/kinds.ts";
import { fileUrl, newPathWithin, type Workspace } from "./places/workspace.ts";
import { receiveFile } from "./web/bodies.ts";
import { Refusal } from "./web/refusal.ts";

/** Endings by the names that sharp has for formats. */
const ENDINGS: Readonly<Record<string, string>> = {
  ...{ jpeg: "jpg", png: "png", webp: "webp", tiff: "tif", gif: "gif", heif: "avif" },
};
/** Photos of one name. */
const MOST_ALIKE = 10_000;

/**
 * Puts a photo into a folder of the workspace, under a name of ours after its own; what is there already stays. Throws Refusal where it is no
 * picture, larger than `most` bytes, or the folder is a place, whose files are klish's.
 */
export async function addPhoto(
  workspace: Workspace,
  { into, name }: { readonly into: string; readonly name: string },
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<z.output<typeof photo>> {
  const folder = await newPathWithin(workspace, into);
  if ((await placeKind(folder)) !== undefined)
    throw new Refusal(409, `${into} holds results of klish: put photos into a folder of their own.`);
  await makeFolder(folder);
  const temporary = join(folder, temporaryName());
  await receiveFile(temporary, body, most);
  try {
    const { format, compression, autoOrient } = await sharp(temporary)
      .metadata()
      .catch((error: Error) => {
        throw new Refusal(400, `${name} is not a picture that can be read (${error.message.split("\n")[0]}).`);
      });
    const ending = ENDINGS[format];
    if (ending === undefined || compression === "hevc")
      throw new Refusal(
        400,
        `${name} is ${compression === "hevc" ? "HEIC" : format}: give photos as JPEG, PNG, WebP or TIFF.`,
      );
    const stem = fileStem(parse(name).name).slice(0, 80);
    for (let n = 1; n <= MOST_ALIKE; n++) {
      const file = `${stem}${n === 1 ? "" : `-${n}`}.${ending}`;
      if (await isTaken(folder, file, temporary)) continue;
      return { name: file, url: fileUrl(into, file), ...autoOrient };
    }
    throw new Refusal(409, `${into} holds too many photos called ${stem}.`);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Gives the file its name, unless another has it. */
async function isTaken(folder: string, name: string, temporary: string): Promise<boolean> {
  const path = join(folder, name);
  if ((await stat(path).catch(() => undefined)) !== undefined) return true;
  try {
    await link(temporary, path);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return true;
    throw error;
  }
}
