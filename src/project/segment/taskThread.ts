/** A thread of `klish worker`: opens a segmenter, and segments the batches of photos that the queue asks for. */
import { stat } from "node:fs/promises";
import { workerData } from "node:worker_threads";
import { type PieceThreadStart, servePieces } from "../queue/pieceThreads.ts";
import { openRoot, type Root } from "../queue/root.ts";
import { ProjectError, readPlainFile } from "../storage/files.ts";
import type { ImageFile } from "../storage/imageFiles.ts";
import { batchMaker, type MadePhoto } from "./batch.ts";
import { isArchive, listPhotos, photosSha256 } from "./photos.ts";
import { loadSegmentSettings, settingsPath, settingsSha256 } from "./record.ts";
import { openSegmenter } from "./segmenter.ts";
import type { PhotosPiece, PhotosSetup } from "./task.ts";

const { setup, root: folder, threads } = workerData as PieceThreadStart<PhotosSetup>;

servePieces(async () => {
  const root = await openRoot(folder);
  const outdir = await root.at(setup.outdir);
  const settings = await loadSegmentSettings(outdir);
  if (settings === undefined || (await settingsSha256(outdir)) !== setup.settingsSha256)
    throw new ProjectError(
      `${settingsPath(outdir)} is not that of the run: this machine sees another folder at its --root, or an older state of it.`,
    );
  const photo = await photoFinder(root, setup);
  const { size, range, output, modelSha256 } = settings;
  const file = "path" in setup.model ? await root.at(setup.model.path) : setup.model.shipped;
  const segmenter = await openSegmenter({ file, size, range, output }, { threads });
  if (segmenter.sha256 !== modelSha256) {
    await segmenter.dispose();
    throw new ProjectError(`${file} is not the segmenter of the run: its content is another.`);
  }
  const make = batchMaker(outdir, settings, segmenter);
  return async (piece: PhotosPiece): Promise<MadePhoto[]> => {
    const photos = await Promise.all(
      piece.map(async ({ photo: path, bytes, name }) => {
        const found = await photo(path);
        if (found.bytes !== bytes)
          throw new ProjectError(`${path} has ${found.bytes} bytes here, and ${bytes} where the run was started.`);
        return { file: found, name };
      }),
    );
    return make({ index: 0, photos });
  };
});

/** Finds photos by their paths: in an archive, which must be the run's, or in a folder, whose links lead nowhere outside the root. */
async function photoFinder(root: Root, wanted: PhotosSetup): Promise<(path: string) => Promise<ImageFile>> {
  const images = await root.at(wanted.images);
  if (isArchive(images)) {
    const files = await listPhotos(images);
    if (photosSha256(files) !== wanted.photosSha256)
      throw new ProjectError(`${images} holds other photos than where the run was started.`);
    const byName = new Map(files.map((file) => [file.name, file]));
    return async (name) => {
      const found = byName.get(name);
      if (found === undefined) throw new ProjectError(`${images} holds no ${JSON.stringify(name)}.`);
      return found;
    };
  }
  const isFolder = (await stat(images)).isDirectory();
  return async (name) => {
    const path = isFolder ? await root.at(`${wanted.images}/${name}`) : images;
    const { size, mtimeMs } = await stat(path);
    return { name, bytes: size, modified: Math.round(mtimeMs), read: () => readPlainFile(path) };
  };
}
