import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { z } from "zod";
import { readNpy, readNpz } from "../../checkpoint/npy.ts";
import { GeneratorError } from "../../gan/errors.ts";
import type { GenerateOptions, Generator } from "../../gan/generator.ts";
import { oneHot } from "../../gan/latents.ts";
import { samplesPerRun } from "../../gan/networkGenerator.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { pathIn } from "../cluster/project.ts";
import { openNetwork } from "../network/network.ts";
import { defineJob } from "../requests/request.ts";
import { encodePng, encodeSheet, seedName, toRgb } from "../sampling/images.ts";
import { ProjectError, removeTemporaries, writeAtomic } from "../storage/files.ts";
import { interpolateWs, mixWs } from "./latentPaths.ts";
import { generateRequest } from "./options.ts";

/** The pictures to make, in order: file names, and how many samples at once from where. */
interface Plan {
  readonly names: readonly string[];
  /** The latents of pictures first to end (exclusive). */
  batch(first: number, end: number): Pick<GenerateOptions, "seeds" | "ws">;
  readonly sheetColumns: number | null;
}

type Common = Omit<GenerateOptions, "seeds" | "z" | "ws">;

/** Larger sheets open in no viewer. */
const MOST_SHEET_PIXELS = 2 ** 28;

export interface GenerateSummary {
  readonly paths: readonly string[];
  /** What the user should know of the pictures. */
  readonly warnings: readonly string[];
}

/** Writes one PNG per picture and, when asked for, sheet.png. */
export const generateJob = defineJob(
  generateRequest,
  async (request, { onProgress, signal }): Promise<GenerateSummary> => {
    const { outdir, truncationPsi, truncationCutoff, noiseMode, provider, latent } = request;
    const threads = request.threads ?? availableParallelism();
    const job = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
    const opening = { runtime: ortNode, provider, threads, latent, mayVary: true, ...job };
    const { generator } = await openNetwork(request.network, opening);
    try {
      const { resolution, imageRange, cDim, zDim } = generator.info;
      const common: Common = {
        truncationPsi,
        noiseMode,
        ...(truncationCutoff === null ? {} : { truncationCutoff }),
        ...(request.class === null ? {} : { c: oneHot(request.class, cDim) }),
      };
      const { names, batch, sheetColumns } = await plan(request, generator, common);
      const sheetPixels =
        sheetColumns === null ? 0 : Math.ceil(names.length / sheetColumns) * sheetColumns * resolution ** 2;
      if (sheetPixels > MOST_SHEET_PIXELS)
        throw new GeneratorError(
          `a sheet of ${names.length} images of ${resolution}x${resolution} is too large; leave out --sheet or ask for fewer`,
        );
      await removeTemporaries(outdir);
      const paths: string[] = [];
      const kept: Uint8Array[] = [];
      const step = samplesPerRun(resolution);
      for (let first = 0; first < names.length; first += step) {
        signal?.throwIfAborted();
        const latents = batch(first, Math.min(names.length, first + step));
        // Given ws are in the synthesis network's own terms: truncation does not apply to them again, nor does a class that had its part in making them.
        const { image } = await generator.generate(
          latents.ws === undefined
            ? { ...common, ...latents }
            : { noiseMode, ...(zDim === 0 && common.c && { c: common.c }), ...latents },
        );
        for (const [i, rgb] of toRgb(image, imageRange).entries()) {
          const path = pathIn({ folder: outdir }, `${names[first + i]}.png`);
          await writeAtomic(path, await encodePng(rgb, resolution));
          paths.push(path);
          if (sheetColumns !== null) kept.push(rgb);
        }
        onProgress?.({ phase: "draw the images", done: paths.length, total: names.length });
      }
      if (sheetColumns !== null) {
        const path = pathIn({ folder: outdir }, "sheet.png");
        await writeAtomic(path, await encodeSheet(kept, resolution, Math.min(sheetColumns, kept.length)));
        paths.push(path);
      }
      return { paths, warnings: generator.info.varies === undefined ? [] : [generator.info.varies] };
    } finally {
      await generator.dispose();
    }
  },
);

async function plan(
  { seeds, projectedW, interpolate, rows, cols, styles, sheet: sheetColumns }: z.output<typeof generateRequest>,
  generator: Generator,
  common: Common,
): Promise<Plan> {
  if (seeds !== null && interpolate === null && rows === null)
    return {
      names: seeds.map(seedName),
      batch: (first, end) => ({ seeds: seeds.slice(first, end) }),
      sheetColumns,
    };
  const { numWs, wDim } = generator.info;
  if (numWs === 0)
    throw new GeneratorError(`${generator.info.family} generators have no w space: only --seeds can be generated`);
  const wsOf = async (seeds: readonly number[]): Promise<Tensor> =>
    (await generator.generate({ ...common, seeds, layers: "none" })).ws as Tensor;
  const fromWs = (ws: Tensor): Plan["batch"] => {
    const size = numWs * wDim;
    return (first, end) => ({ ws: tensor([end - first, numWs, wDim], ws.data.subarray(first * size, end * size)) });
  };
  if (projectedW !== null) {
    const ws = await readWs(projectedW, numWs, wDim);
    return {
      names: Array.from({ length: ws.shape[0] }, (_, i) => `proj${pad(i, 2)}`),
      batch: fromWs(ws),
      sheetColumns,
    };
  }
  if (rows !== null && cols !== null) {
    const foreign = styles.find((layer) => layer >= numWs);
    if (foreign !== undefined)
      throw new GeneratorError(`style layer ${foreign} does not exist: the generator has layers 0 to ${numWs - 1}`);
    const ws = mixWs(await wsOf(rows), await wsOf(cols), styles);
    const names = rows.flatMap((row) => cols.map((column) => `${row}-${column}`));
    return { names, batch: fromWs(ws), sheetColumns: cols.length };
  }
  const ws = interpolateWs(await wsOf(seeds ?? []), interpolate ?? 1);
  return {
    names: Array.from({ length: ws.shape[0] }, (_, i) => `frame${pad(i, 4)}`),
    batch: fromWs(ws),
    sheetColumns,
  };
}

const pad = (i: number, width: number): string => String(i).padStart(width, "0");

/** ws of NVIDIA's projector: an .npz with `w` [1 or N, numWs, wDim], or such an .npy. */
async function readWs(file: string, numWs: number, wDim: number): Promise<Tensor> {
  const bytes = await readFile(file).catch((cause) => {
    throw new ProjectError(
      `${file} cannot be read (${(cause as Error).message}). Give the projected_w.npz of a projection.`,
      { cause },
    );
  });
  const arrays = file.endsWith(".npy") ? undefined : readNpz(bytes);
  const stored = arrays === undefined ? readNpy(bytes) : (arrays.get("w") ?? arrays.get("ws"));
  const { shape } = stored ?? { shape: [] };
  if (stored === undefined || shape.length !== 3 || shape[1] !== numWs || shape[2] !== wDim)
    throw new ProjectError(
      `${file}: expected an array w of shape [N,${numWs},${wDim}], got ${stored === undefined ? "none" : `[${shape}]`}.`,
    );
  return tensor(shape, Float32Array.from(stored.data as ArrayLike<number>, Number));
}
