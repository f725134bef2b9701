/** Pictures of any seed of a project, with their masks. */

import { type IdleThread, idleThread } from "./idleThread.ts";

/** Name of the error of a mask by labels that have changed since. */
export const LABELS_CHANGED = "LabelsChanged";

/** What the thread of pictures serves: PNG files. */
export interface PictureCalls {
  /** At the generator's own size. */
  picture(folder: string, seed: number): Promise<Uint8Array>;
  /**
   * Clusters at `k`; null: the project's labels, and only while these are `revision`, where one is given: who asks for labels that have
   * changed since asks again soon, and must not keep the new ones under the old name (rejects with LABELS_CHANGED).
   */
  mask(folder: string, seed: number, k: number | null, revision: string | null): Promise<Uint8Array>;
}

/** The thread, which begins with the first picture. */
export const openPictures = (): IdleThread<PictureCalls> =>
  idleThread<PictureCalls>("./pictureWorker", import.meta.url, {
    calls: ["picture", "mask"],
    title: "the studio's thread for pictures",
  });
