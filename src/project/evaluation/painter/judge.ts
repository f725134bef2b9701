/** Who says what paintings show: a segmenter of the painter's classes. */
import sharp from "sharp";
import type { Painter } from "../../../models/painter/painter.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { openSegmenter, type Segmenter } from "../../segment/segmenter.ts";
import { segmentPhotos } from "../../segment/segmentPhotos.ts";
import { ProjectError } from "../../storage/files.ts";

/** Sees a painter's classes in pictures. */
export interface Judge {
  /** Ids of the painter, [side * side] of each; 254 where it sees another class. */
  see(pictures: readonly Uint8Array[]): Promise<Uint8Array[]>;
  dispose(): Promise<void>;
}

const ANOTHER = 254;

/** A segmenter as a judge of a painter's classes, found by name. Rejects with ProjectError where it has none of them. */
export async function openJudge(
  file: string,
  { about }: Painter,
  job: JobOptions & { readonly threads: number },
): Promise<Judge> {
  const segmenter: Segmenter = await openSegmenter({ file, size: null, range: [0, 1], output: null }, job);
  const own = about.classes.map(({ name }) => name.toLowerCase());
  const ids = segmenter.classes?.map(({ name }) => own.indexOf(name.toLowerCase()));
  if (ids === undefined || ids.every((id) => id < 0)) {
    await segmenter.dispose();
    throw new ProjectError(
      `${file} names none of the painter's classes (${about.classes.map(({ name }) => name).join(", ")}): it cannot judge its paintings.`,
    );
  }
  const { side } = about;
  return {
    async see(pictures) {
      const files = await Promise.all(
        pictures.map((rgb) =>
          sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
            .png({ compressionLevel: 0 })
            .toBuffer(),
        ),
      );
      const plain = { fit: "pad", flip: false, scales: [1], ignoreBelow: 0 } as const;
      const found = await segmentPhotos(segmenter, files, plain);
      return found.map((result) => {
        if ("rejected" in result) throw new ProjectError(`a painting cannot be judged (${result.rejected}).`);
        return result.labels.data.map((id) => (ids[id] >= 0 ? ids[id] : ANOTHER));
      });
    },
    dispose: () => segmenter.dispose(),
  };
}
