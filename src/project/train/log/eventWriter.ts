import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { explain } from "../../storage/files.ts";
import { eventRecord, startRecords } from "./eventFile.ts";
import type { LogLine } from "./log.ts";
import type { Sheet } from "./sheets.ts";

/** Figures and sheets of a run for TensorBoard, under the names of the log; the step is the number of images. */
export interface EventWriter {
  scalars(line: LogLine): Promise<void>;
  image(tag: string, sheet: Sheet, images: number): Promise<void>;
}

export interface EventWriterOptions {
  /** Images at which the run begins or continues. */
  readonly images: number;
  readonly host: string;
  /** Seconds since 1970. */
  readonly wallTime: () => number;
}

/** Begins a new event file in the run's folder. TensorBoard reads all of a folder, and the newest counts. */
export async function openEvents(run: string, { images, host, wallTime }: EventWriterOptions): Promise<EventWriter> {
  const began = wallTime();
  // The name sorts by time, to the millisecond: two starts in one second are two files.
  const path = join(run, `events.out.tfevents.${began.toFixed(3).padStart(14, "0")}.${host}`);
  const guarded = async (write: Promise<void>): Promise<void> => {
    try {
      await write;
    } catch (error) {
      throw explain(error, path);
    }
  };
  // What the older files say of the state that the run continues from holds; from the next step on it comes again.
  await guarded(writeFile(path, startRecords(began, images === 0 ? 0 : images + 1)));
  return {
    scalars: ({ images: step, ...scalars }) =>
      guarded(appendFile(path, eventRecord({ wallTime: wallTime(), step, scalars }))),
    image: (tag, sheet, step) =>
      guarded(appendFile(path, eventRecord({ wallTime: wallTime(), step, images: { [tag]: sheet } }))),
  };
}
