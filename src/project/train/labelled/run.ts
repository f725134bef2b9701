/** What runs that train on pictures with masks have in common: how they are planned, and how they go from their start to their end. */
import { z } from "zod";
import { colorSchema } from "../../../dataset/classSchema.ts";
import type { DatasetClass } from "../../../dataset/labelMap.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { ProjectError } from "../../storage/files.ts";
import { versions } from "../../storage/versions.ts";
import { perSecond, type Training, trainLoop } from "../loop.ts";
import type { Fit } from "../pictures/framing.ts";
import { continueIn, refuseForeignFolder, refuseInside, runFolder } from "../run.ts";
import { labelledResolution, openToLearn } from "./labelled.ts";

/** Members with which the settings of every such run end. */
export const commonSettings = {
  /** Of the data set; the index is the id. */
  classes: z.array(z.strictObject({ name: z.string(), color: colorSchema, background: z.boolean() })),
  /** A recipe of the trainer's, which checks it. */
  recipe: z.looseObject({}),
  /** Passes over the data set, null: the preset's, or as many as make a least number of pictures; and the most hours of training, null: no limit. */
  epochs: z.number().positive().nullable(),
  hours: z.number().positive().nullable(),
  /** The command line of the first run, to be shown. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
};

/** What every such run's settings say. */
export interface LabelledSettings {
  readonly data: { readonly source: string; readonly fit: Fit };
  readonly classes: readonly DatasetClass[];
  readonly recipe: { readonly resolution: number; readonly batch: number };
  readonly epochs: number | null;
  readonly hours: number | null;
}

/** What every such run is asked. */
export interface LabelledRequest {
  readonly data: string | null;
  readonly outdir: string | null;
  readonly resume: string | null;
  readonly resolution: number | null;
  readonly saveMinutes: number;
}

/** Pictures that a run shows in all, and from one line of the log to the next. */
export interface RunLength {
  readonly images: number;
  readonly tick: number;
}

/** A kind of training on pictures with masks. */
export interface LabelledKind<Request extends LabelledRequest, Settings extends LabelledSettings> {
  /** In messages: "a painter". */
  readonly title: string;
  /** Why one class is too few, for a message. */
  readonly oneClass: string;
  /** Lines of the log between two judgements. */
  readonly snap: number;
  /** A folder that a run reads besides its data set. */
  beside?(request: Request): string | null;
  load(folder: string): Promise<Settings | undefined>;
  /** Settings of a new run. Throws RangeError for a recipe that does not fit together. */
  begin(
    request: Request,
    source: string,
    pictures: { readonly classes: DatasetClass[]; readonly resolution: number },
    origin: { readonly versions: Record<string, string> },
  ): Settings | Promise<Settings>;
  /** Settings of a run that is continued: its length may change. Throws ProjectError where the request asks for anything else. */
  proceed(before: Settings, request: Request, folder: string): Settings;
  /** Of a run that learns from `count` pictures. */
  length(settings: Settings, count: number): RunLength;
}

export interface PlannedRun<Settings> {
  readonly folder: string;
  readonly settings: Settings;
}

/** What a request comes down to. Throws ProjectError or RangeError that says what does not fit; nothing is touched. */
export async function planLabelled<Request extends LabelledRequest, Settings extends LabelledSettings>(
  kind: LabelledKind<Request, Settings>,
  request: Request,
): Promise<PlannedRun<Settings>> {
  const { resume, data } = request;
  const folder = runFolder(request);
  const before = await kind.load(folder);
  if (before !== undefined) return { folder, settings: kind.proceed(before, request, folder) };
  if (resume !== null) throw new ProjectError(`${resume} is not the folder of ${kind.title}'s training run.`);
  if (data === null) throw new ProjectError("a new run needs a data set: --data <folder>.");
  await refuseForeignFolder(folder);
  refuseInside(folder, [data, kind.beside?.(request) ?? null]);
  const { source, classes } = await openToLearn(data, kind.oneClass);
  const resolution = request.resolution ?? (await labelledResolution(source));
  return { folder, settings: await kind.begin(request, data, { classes, resolution }, { versions: versions() }) };
}

/** How far a run came. */
export interface RunEnd {
  /** Pictures shown; of this run; and how many a second. */
  readonly images: number;
  readonly trained: number;
  readonly imagesPerSecond: number;
  /** Of training, with all runs before this one. */
  readonly seconds: number;
}

/** Begins or continues a run on `count` pictures, with the trainer that `start` compiles. `now`: milliseconds from any start. */
export async function runLabelled<
  Request extends LabelledRequest,
  Settings extends LabelledSettings,
  Trainer extends { dispose(): Promise<void> },
>(
  kind: LabelledKind<Request, Settings>,
  { folder, settings }: PlannedRun<Settings>,
  count: number,
  {
    start,
    training,
  }: {
    start(state: TrainingState | undefined): Promise<Trainer>;
    training(trainer: Trainer): Promise<Training> | Training;
  },
  { saveMinutes }: Pick<LabelledRequest, "saveMinutes">,
  job: JobOptions,
  now: () => number,
): Promise<RunEnd> {
  const { images, seconds, state, events } = await continueIn(folder);
  const trainer = await start(state?.training);
  const never = Number.POSITIVE_INFINITY;
  try {
    const length = kind.length(settings, count);
    const end = await trainLoop({
      run: folder,
      training: await training(trainer),
      events,
      end: { images: length.images, seconds: settings.hours === null ? never : settings.hours * 3600 },
      stageEnd: { images: never, seconds: never },
      workDone: (done) => done / length.images,
      tickImages: length.tick,
      snap: kind.snap,
      sums: state?.sums ?? {},
      seconds,
      secondsBetweenStates: saveMinutes * 60,
      now,
      ...job,
    });
    const trained = end.images - images;
    return {
      images: end.images,
      trained,
      imagesPerSecond: perSecond(trained, (end.seconds - seconds) * 1000),
      seconds: end.seconds,
    };
  } finally {
    await trainer.dispose();
  }
}
