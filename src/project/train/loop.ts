/** The loop of a run: steps, ticks, snapshots, states. Where it stops and continues leaves no trace in the weights. */
import { join } from "node:path";
import { exportSafetensors } from "../../gan/exportNetwork.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { GanTrainer, StepReport } from "../../train/gan/trainer.ts";
import { writeAtomic } from "../files.ts";
import { batchOrder } from "./batchOrder.ts";
import type { EventWriter } from "./eventWriter.ts";
import type { ImageStore } from "./imageStore.ts";
import { appendLog, type LogLine } from "./log.ts";
import type { Measures } from "./measures.ts";
import { saveClock } from "./runClock.ts";
import type { TrainSettings } from "./settings.ts";
import { kimgName, sampleSheet, samplesPath } from "./sheets.ts";
import { saveState } from "./stateFile.ts";
import { addStep, means, type TickSums } from "./tick.ts";

export interface LoopOptions extends JobOptions {
  readonly run: string;
  readonly settings: TrainSettings;
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
  /** Images that this run trained on, and how many a second; 0 where there was nothing left to do. */
  readonly trained: number;
  readonly imagesPerSecond: number;
}

export const networkPath = (run: string): string => join(run, "network.safetensors");

/** Trains to the end of the settings. Stopped by the signal, it first saves the state and the newest network. */
export async function trainLoop(options: LoopOptions): Promise<LoopEnd> {
  const { run, settings, trainer, images, events, now, signal, onProgress } = options;
  const { batch, seed } = settings.recipe;
  const order = batchOrder({ count: images.count, batch, mirror: settings.data.mirror, seed });
  const tickImages = settings.tick * 1000;
  const started = now();
  const first = trainer.images;
  let { sums } = options;
  let tickBegan = { time: started, images: first };
  let saved = started;

  const seconds = (): number => options.seconds + (now() - started) / 1000;
  const trained = (): number => trainer.images - first;
  const rate = (): number => perSecond(trained(), now() - started);
  /** Of the images or of the time that training may take, whichever ends first; 1: done. */
  const share = (): number =>
    Math.min(
      1,
      Math.max(
        trainer.images / (settings.kimg * 1000),
        settings.hours === null ? 0 : seconds() / (settings.hours * 3600),
      ),
    );
  const progress = (report?: StepReport): void =>
    onProgress?.({
      phase: "train",
      done: share(),
      total: 1,
      ...(report === undefined ? {} : { note: noteOf(report, rate()) }),
    });

  const save = async (): Promise<void> => {
    await saveState(run, { training: trainer.state(), images: trainer.images, sums, recipe: settings.recipe });
    await saveClock(run, { images: trainer.images, seconds: seconds() });
    saved = now();
  };
  const tick = async ({ augmentP }: StepReport, snapshot: boolean): Promise<void> => {
    const figures = {
      images: trainer.images,
      kimg: trainer.images / 1000,
      ...means(sums),
      augmentP,
      imagesPerSecond: perSecond(trainer.images - tickBegan.images, now() - tickBegan.time),
      seconds: rounded(seconds()),
      memoryMB: Math.round(process.memoryUsage.rss() / 1e6),
    };
    const line: LogLine = { ...figures, ...(snapshot ? await options.measures?.of(trainer) : {}) };
    await appendLog(run, line);
    await events.scalars(line);
    sums = {};
  };

  if (first === 0) await writeSnapshot(run, trainer, events);
  progress();
  let last: StepReport | undefined;
  let snapshotDue = false;
  while (share() < 1) {
    if (signal?.aborted === true) {
      await save();
      await writeAtomic(networkPath(run), networkBytes(trainer));
      signal.throwIfAborted();
    }
    last = await trainer.step(await images.read(order(trainer.images / batch)));
    sums = addStep(sums, last);
    snapshotDue = true;
    const ticks = Math.floor(trainer.images / tickImages);
    if (ticks > Math.floor((trainer.images - batch) / tickImages)) {
      const snapshot = ticks % settings.snap === 0;
      await tick(last, snapshot);
      if (snapshot) {
        // The state comes last: after a kill between the two, the snapshot is made again.
        await writeSnapshot(run, trainer, events);
        await save();
        snapshotDue = false;
      }
      tickBegan = { time: now(), images: trainer.images };
    }
    if (now() - saved >= options.secondsBetweenStates * 1000) await save();
    progress(last);
  }
  if (last !== undefined && snapshotDue) {
    if (Object.keys(sums).length > 0) await tick(last, true);
    await writeSnapshot(run, trainer, events);
    await save();
  }
  return { images: trainer.images, seconds: seconds(), trained: trained(), imagesPerSecond: rate() };
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
const perSecond = (count: number, ms: number): number => (count === 0 ? 0 : rounded(count / Math.max(1e-3, ms / 1000)));

const noteOf = ({ images, lossD, lossG, augmentP }: StepReport, rate: number): string =>
  `${(images / 1000).toFixed(1)} kimg, ${rate.toFixed(1)} images/s, D ${lossD.toFixed(2)} G ${lossG.toFixed(2)}, p ${augmentP.toFixed(2)}`;
