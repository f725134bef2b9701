/** The loop of a stage: steps, ticks, snapshots, states. Where it stops and continues leaves no trace in the weights. */
import { join } from "node:path";
import { exportSafetensors } from "../../gan/exportNetwork.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { GanTrainer, StepReport } from "../../train/gan/trainer.ts";
import { networkPath } from "../network/trainingRun.ts";
import { writeAtomic } from "../storage/files.ts";
import type { EventWriter } from "./log/eventWriter.ts";
import { appendLog, type LogLine } from "./log/log.ts";
import type { Measures } from "./log/measures.ts";
import { kimgName, sampleSheet, samplesPath } from "./log/sheets.ts";
import { addStep, means, type TickSums } from "./log/tick.ts";
import { batchOrder } from "./pictures/batchOrder.ts";
import type { ImageStore } from "./pictures/imageStore.ts";
import { saveClock } from "./runClock.ts";
import type { TrainSettings } from "./settings.ts";
import { type Stage, workDone } from "./stages.ts";
import { saveState } from "./stateFile.ts";

export interface LoopOptions extends JobOptions {
  readonly run: string;
  readonly settings: TrainSettings;
  readonly stages: readonly Stage[];
  /** One of them. */
  readonly stage: Stage;
  readonly trainer: GanTrainer;
  readonly images: ImageStore;
  readonly events: EventWriter;
  /** Taken with every snapshot; undefined: none. */
  readonly measures: Measures | undefined;
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
  const { run, settings, stages, stage, trainer, images, events, now, signal, onProgress } = options;
  const { recipe } = stage;
  const { batch } = recipe;
  const order = batchOrder({ count: images.count, mirror: settings.data.mirror, seed: recipe.seed });
  const total = settings.kimg === null ? undefined : settings.kimg * 1000;
  const tickImages = settings.tick * 1000;
  const started = now();
  const first = trainer.images;
  let { sums } = options;
  let tickBegan = { time: started, images: first };
  let saved = started;

  /** Seconds of training when it was last looked at: what ends by time and what is saved are of the same moment. */
  let clock = options.seconds;
  const readClock = (): void => {
    clock = options.seconds + (now() - started) / 1000;
  };
  const finished = (): boolean =>
    trainer.images >= (total ?? Number.POSITIVE_INFINITY) ||
    clock >= (settings.hours ?? Number.POSITIVE_INFINITY) * 3600;
  /** Of the images or of the time that training may take, whichever ends first. */
  const share = (): number =>
    Math.min(
      1,
      Math.max(
        total === undefined ? 0 : workDone(stages, trainer.images, total),
        settings.hours === null ? 0 : clock / (settings.hours * 3600),
      ),
    );
  const progress = (report?: StepReport): void =>
    onProgress?.({
      phase: "train",
      done: share(),
      total: 1,
      note: noteOf(stage, report, perSecond(trainer.images - first, now() - started)),
    });

  const save = async (): Promise<void> => {
    await saveState(run, { training: trainer.state(), images: trainer.images, sums, recipe });
    await saveClock(run, { images: trainer.images, seconds: clock });
    saved = now();
  };
  const tick = async ({ augmentP }: StepReport, snapshot: boolean): Promise<void> => {
    const figures = {
      images: trainer.images,
      kimg: trainer.images / 1000,
      ...means(sums),
      augmentP,
      imagesPerSecond: perSecond(trainer.images - tickBegan.images, now() - tickBegan.time),
      seconds: rounded(clock),
      memoryMB: Math.round(process.memoryUsage.rss() / 1e6),
    };
    const line: LogLine = { ...figures, ...(snapshot ? await options.measures?.of(trainer) : {}) };
    await appendLog(run, line);
    await events.scalars(line);
    sums = {};
  };

  if (first === 0) await writeSnapshot(run, trainer, events);
  progress();
  const over = (): boolean => trainer.images >= stage.end || clock >= stage.deadline || finished();
  let last: StepReport | undefined;
  let snapshotDue = false;
  while (!over()) {
    if (signal?.aborted === true) {
      await save();
      await writeAtomic(networkPath(run), networkBytes(trainer));
      signal.throwIfAborted();
    }
    last = await trainer.step(await images.read(order(trainer.images, batch)));
    readClock();
    sums = addStep(sums, last);
    snapshotDue = true;
    const ticks = Math.floor(trainer.images / tickImages);
    if (ticks > Math.floor((trainer.images - batch) / tickImages)) {
      const snapshot = ticks % settings.snap === 0;
      await tick(last, snapshot);
      if (snapshot) {
        // The state comes last: after a kill between the two, the snapshot is made again.
        await writeSnapshot(run, trainer, events);
        readClock();
        await save();
        snapshotDue = false;
      }
      tickBegan = { time: now(), images: trainer.images };
    }
    // At the end the state comes after the last snapshot, so that a kill between the two makes it again.
    if (!over() && now() - saved >= options.secondsBetweenStates * 1000) await save();
    progress(last);
  }
  if (last !== undefined && snapshotDue) {
    if (Object.keys(sums).length > 0) await tick(last, true);
    await writeSnapshot(run, trainer, events);
    readClock();
    await save();
  }
  return { images: trainer.images, seconds: clock, finished: finished() };
}

/** What there is to see and to use at this moment: the network under its number and as the newest, and a sample sheet. */
async function writeSnapshot(run: string, trainer: GanTrainer, events: EventWriter): Promise<void> {
  const sheet = await sampleSheet(trainer);
  await writeAtomic(samplesPath(run, trainer.images), sheet.png);
  await events.image("samples", sheet, trainer.images);
  const network = networkBytes(trainer);
  if (trainer.images > 0) await writeAtomic(join(run, `network-${kimgName(trainer.images)}.safetensors`), network);
  await writeAtomic(networkPath(run), network);
}

const networkBytes = (trainer: GanTrainer): Uint8Array => exportSafetensors(trainer.generator());

const rounded = (x: number): number => Math.round(x * 1000) / 1000;
export const perSecond = (count: number, ms: number): number =>
  count === 0 ? 0 : rounded(count / Math.max(1e-3, ms / 1000));

function noteOf({ number, of, recipe }: Stage, report: StepReport | undefined, rate: number): string {
  const where = of > 1 ? [`stage ${number} of ${of}: ${recipe.resolution} px`] : [];
  if (report === undefined) return where.join();
  const { images, lossD, lossG, augmentP } = report;
  const how = [
    `${rate.toFixed(1)} images/s`,
    `D ${lossD.toFixed(2)} G ${lossG.toFixed(2)}`,
    `p ${augmentP.toFixed(2)}`,
  ];
  return [`${(images / 1000).toFixed(1)} kimg`, ...where, ...how].join(", ");
}
