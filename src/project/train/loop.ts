/** The loop of every training: steps, ticks, snapshots, states. Where it stops and continues leaves no trace in the weights. */
import type { JobOptions } from "../../tensor/progress.ts";
import type { TrainingState } from "../../train/trainer.ts";
import { writeAtomic } from "../storage/files.ts";
import { saveClock } from "./clock.ts";
import type { EventWriter } from "./log/eventWriter.ts";
import { appendLog, type LogLine } from "./log/log.ts";
import type { Sheet } from "./log/sheets.ts";
import { addStep, type Figures, means, type TickSums } from "./log/tick.ts";
import { saveState } from "./state.ts";

/** What the loop drives: one kind of network in one stage of its run, what there is to see of it, and what there is to use. */
export interface Training {
  /** Examples shown so far. */
  readonly images: number;
  /** What they are called, and a thousand of them. Default: images, kimg. */
  readonly unit?: { readonly many: string; readonly thousand: string };
  /**
   * Learns from the next batch, a function of `images`. `share` is the part of the run that is done, 0 to 1: of the images
   * or of the time that it may take, whichever is more. Returns the step's figures.
   */
  step(share: number): Promise<Figures>;
  state(): TrainingState;
  /** What the state belongs to, as JSON. */
  readonly recipe: object;
  /** Figures of a step of which a tick logs the mean, and those of which it logs the last, in the order of the log. */
  readonly columns: { readonly means: readonly string[]; readonly last: readonly string[] };
  /** Figures of quality at this moment, by their names in the log. Taken with a snapshot, before it is written. */
  measure(): Promise<Readonly<Record<string, number>>>;
  sheet(): Promise<Sheet>;
  sheetPath(images: number): string;
  /** Writes what there is to use: as a snapshot, or as the newest only, when the run is stopped in between. */
  write(kind: "snapshot" | "newest"): Promise<void>;
  /** Beside the progress: where in the run it is, and how it does. */
  note(figures?: Figures): { readonly where: readonly string[]; readonly how: readonly string[] };
}

/** An end by examples or by seconds of training, whichever comes first; Infinity: never. */
export interface Limit {
  readonly images: number;
  readonly seconds: number;
}

export interface LoopOptions extends JobOptions {
  /** The run's folder. */
  readonly run: string;
  readonly training: Training;
  readonly events: EventWriter;
  readonly end: Limit;
  /** Of this stage of the run, where it has several. */
  readonly stageEnd: Limit;
  /** The part of the work of all of `end.images` that is done with the first `images`. */
  readonly workDone: (images: number) => number;
  /** Examples between two lines of the log; ticks between two snapshots. */
  readonly tickImages: number;
  readonly snap: number;
  /** Of the tick that is under way. */
  readonly sums: TickSums;
  /** Of training in all runs before this one. */
  readonly seconds: number;
  /** A state is saved at least this often. */
  readonly secondsBetweenStates: number;
  /** Milliseconds from any start. */
  readonly now: () => number;
}

export interface LoopEnd {
  readonly images: number;
  /** Of training, with all runs before this one. */
  readonly seconds: number;
  /** Whether the run is at its end, and not only the stage. */
  readonly finished: boolean;
}

/** Trains to the end of the stage, or of the run if that comes first. Stopped by the signal, it first saves the state and the newest network. */
export async function trainLoop(options: LoopOptions): Promise<LoopEnd> {
  const { run, training, events, end, stageEnd, tickImages, now, signal, onProgress } = options;
  const started = now();
  const first = training.images;
  let { sums } = options;
  let tickBegan = { time: started, images: first };
  let saved = started;

  /** Seconds of training when it was last looked at: what ends by time and what is saved are of the same moment. */
  let clock = options.seconds;
  const readClock = (): void => {
    clock = options.seconds + (now() - started) / 1000;
  };
  const reached = ({ images, seconds }: Limit): boolean => training.images >= images || clock >= seconds;
  const over = (): boolean => reached(stageEnd) || reached(end);
  const share = (): number =>
    Math.min(
      1,
      Math.max(Number.isFinite(end.images) ? options.workDone(training.images) : 0, Math.max(0, clock / end.seconds)),
    );
  const progress = (figures?: Figures): void => {
    const { where, how } = training.note(figures);
    const { many, thousand } = training.unit ?? { many: "images", thousand: "kimg" };
    const rate = `${perSecond(training.images - first, now() - started).toFixed(1)} ${many}/s`;
    const note =
      figures === undefined ? where : [`${(training.images / 1000).toFixed(1)} ${thousand}`, ...where, rate, ...how];
    onProgress?.({ phase: "train", done: share(), total: 1, note: note.join(", ") });
  };

  const save = async (): Promise<void> => {
    const { images, recipe } = training;
    await saveState(run, { training: training.state(), images, sums, recipe });
    await saveClock(run, { images, seconds: clock });
    saved = now();
  };
  const tick = async (figures: Figures, snapshot: boolean): Promise<void> => {
    const { columns, images } = training;
    const line = {
      images,
      kimg: images / 1000,
      ...means(sums, columns.means),
      ...Object.fromEntries(columns.last.map((name) => [name, figures[name] as number])),
      imagesPerSecond: perSecond(images - tickBegan.images, now() - tickBegan.time),
      seconds: rounded(clock),
      memoryMB: Math.round(process.memoryUsage.rss() / 1e6),
    };
    const whole: LogLine = { ...line, ...(snapshot ? await training.measure() : {}) };
    await appendLog(run, whole);
    await events.scalars(whole);
    sums = {};
  };
  const snapshot = async (): Promise<void> => {
    const sheet = await training.sheet();
    await writeAtomic(training.sheetPath(training.images), sheet.png);
    await events.image("samples", sheet, training.images);
    await training.write("snapshot");
  };

  if (first === 0) await snapshot();
  progress();
  let last: Figures | undefined;
  let snapshotDue = false;
  while (!over()) {
    if (signal?.aborted === true) {
      await save();
      await training.write("newest");
      signal.throwIfAborted();
    }
    const before = training.images;
    last = await training.step(share());
    readClock();
    sums = addStep(sums, Object.fromEntries(training.columns.means.map((name) => [name, last?.[name]])));
    snapshotDue = true;
    const ticks = Math.floor(training.images / tickImages);
    if (ticks > Math.floor(before / tickImages)) {
      // A tick that falls on the end is its snapshot's, so that the last network is measured too.
      const due = ticks % options.snap === 0 || over();
      await tick(last, due);
      if (due) {
        // The state comes last: after a kill between the two, the snapshot is made again.
        await snapshot();
        readClock();
        await save();
        snapshotDue = false;
      }
      tickBegan = { time: now(), images: training.images };
    }
    // At the end the state comes after the last snapshot, so that a kill between the two makes it again.
    if (!over() && now() - saved >= options.secondsBetweenStates * 1000) await save();
    progress(last);
  }
  if (last !== undefined && snapshotDue) {
    if (Object.keys(sums).length > 0) await tick(last, true);
    await snapshot();
    readClock();
    await save();
  }
  return { images: training.images, seconds: clock, finished: reached(end) };
}

const rounded = (x: number): number => Math.round(x * 1000) / 1000;
export const perSecond = (count: number, ms: number): number =>
  count === 0 ? 0 : rounded(count / Math.max(1e-3, ms / 1000));
