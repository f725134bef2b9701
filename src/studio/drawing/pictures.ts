/** Pictures of any seed of a project, with their masks. */

import { type Closable, type IdleThread, idleThread } from "./idleThread.ts";

/** What the thread of pictures serves: PNG files. */
export interface PictureCalls extends Closable {
  /** At the generator's own size. */
  picture(folder: string, seed: number): Promise<Uint8Array>;
  /** Clusters at `k`; null: the project's labels. */
  mask(folder: string, seed: number, k: number | null): Promise<Uint8Array>;
}

/** The thread, which begins with the first picture. */
export const openPictures = (): IdleThread<PictureCalls> =>
  idleThread<PictureCalls>("./pictureWorker", import.meta.url, {
    calls: ["picture", "mask", "close"],
    title: "the studio's thread for pictures",
  });
