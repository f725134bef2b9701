import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { explain, isTemporary, makeFolder, ProjectError, removeTemporaries, temporaryName } from "./files.ts";
import { refuseLinksOutside } from "./links.ts";
import { isRunning, type ProcessId, thisProcess } from "./processes.ts";

const LOCK = ".lock";

export interface LockOptions {
  /** How long another process is waited for. Default: not at all. */
  readonly waitSeconds?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keeps two processes from writing to one folder: a file `.lock` with its owner. One that a killed process left is taken
 * over. What killed processes left of unfinished files, here and in the folders right inside, is removed, now and when the lock is
 * given back: workers write here too. Returns the release, which throws ProjectError where the folder is gone meanwhile. Throws
 * ProjectError where another process has the folder, where nothing can be written there, and where a symbolic link in the folder
 * leads out of it.
 */
export async function lockFolder(folder: string, options: LockOptions = {}): Promise<() => Promise<void>> {
  await refuseLinksOutside(folder);
  try {
    const release = await takeLock(join(folder, LOCK), folder, options);
    try {
      await removeLeftovers(folder);
    } catch (error) {
      await release();
      throw error;
    }
    return async () => {
      try {
        await removeLeftovers(folder).finally(release);
      } catch (error) {
        throw explain(error, folder);
      }
    };
  } catch (error) {
    throw explain(error, folder);
  }
}

/** Does `work` in a folder that is made where it is not there, and locked meanwhile. Throws ProjectError where it cannot be. */
export async function locked<T>(folder: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await makeFolder(folder);
  return withLock(folder, work, options);
}

/** The same in a folder that is there. */
export async function withLock<T>(folder: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  return releasedAfter(await lockFolder(folder, options), work);
}

/** Does `work`, then gives a lock back. */
export async function releasedAfter<T>(release: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // A disk that takes nothing more does not take the release either: the first error is the one to tell.
    await release().catch(() => undefined);
    throw error;
  }
  await release();
  return result;
}

/** Who has a lock; `id` tells it from any other that its file may hold later. */
interface Owner extends ProcessId {
  readonly host: string;
  readonly id: string;
  /** The scheduler's task that it is a try of; empty where none started it. */
  readonly task: string;
}

/**
 * The task of Slurm or AWS Batch that this process is, the same when it is tried again on another machine; empty where there is none. These run one try of a
 * task at a time, so what has another try's lock has ended. (Kubernetes calls the next pod of an Indexed Job by the same host name.)
 */
export function schedulerTask(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const {
    SLURM_JOB_ID: slurm,
    SLURM_STEP_ID,
    SLURM_PROCID,
    AWS_BATCH_JOB_ID: batch,
    AWS_BATCH_JOB_NODE_INDEX,
  } = environment;
  const parts =
    slurm !== undefined
      ? ["slurm", slurm, SLURM_STEP_ID, SLURM_PROCID]
      : batch !== undefined
        ? ["batch", batch, AWS_BATCH_JOB_NODE_INDEX]
        : [];
  return parts.map((part) => (part ?? "").replaceAll(/\s/g, "_")).join("/");
}

const RETRY_MS = 50;
const EMPTY_MS = 500;

/** `what` is named in messages. */
export async function takeLock(
  path: string,
  what: string,
  { waitSeconds = 0, signal }: LockOptions = {},
): Promise<() => Promise<void>> {
  const mine: Owner = { ...thisProcess(), host: hostname(), id: randomBytes(8).toString("hex"), task: schedulerTask() };
  // Written elsewhere and linked: whoever sees a lock sees its owner.
  const written = join(path, "..", temporaryName());
  const until = performance.now() + waitSeconds * 1000;
  try {
    await writeFile(written, `${[mine.pid, mine.host, mine.start, mine.id, mine.task].join(" ").trim()}\n`, {
      flag: "wx",
    });
    for (;;) {
      if (await linkNew(written, path)) break;
      const owner = await ownerOf(path);
      if (owner === undefined) continue;
      const isEarlierTry = owner.host !== mine.host && mine.task !== "" && owner.task === mine.task;
      if (isEarlierTry || (owner.host === mine.host && !isRunning(owner))) {
        if (await succeed(path, owner, written, what)) break;
        continue;
      }
      if (performance.now() >= until) throw inUse(path, what, owner, mine);
      signal?.throwIfAborted();
      await pause(RETRY_MS);
    }
  } finally {
    await rm(written, { force: true }).catch(() => undefined);
  }
  return async () => {
    const owner = await ownerOf(path).catch(() => undefined);
    if (owner?.id !== mine.id)
      throw new ProjectError(
        `${what} was moved, deleted or emptied while klish worked in it. Run the same command again.`,
      );
    await rm(path, { force: true }).catch((error) => {
      throw explain(error, path);
    });
  };
}

/**
 * Puts `written` in place of the lock of an owner that has ended; false where somebody else was faster. Only one process
 * can be about to: it holds a lock named after that owner meanwhile, and looks again whether that one's is still there.
 */
async function succeed(path: string, ended: Owner, written: string, what: string): Promise<boolean> {
  const release = await takeLock(`${path}.${ended.id}`, what, { waitSeconds: 5 });
  try {
    if ((await ownerOf(path))?.id !== ended.id) return false;
    await rename(written, path);
    return true;
  } finally {
    await release();
  }
}

/** False where there is a file of that name. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch((error: NodeJS.ErrnoException) => {
      // File systems without hard links (exFAT, some network drives): a reader may see such a lock before its content.
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(error.code ?? "")) throw error;
      return copyFile(from, to, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Undefined where there is no lock. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
    if (text === "") {
      // Being written, on a file system without links.
      await pause(EMPTY_MS);
      text = await readFile(path, "utf8");
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const [pid, host = hostname(), start = "", id = "0", task = ""] = text.trim().split(" ");
  return { pid: Number(pid), host, start, id, task };
}

function inUse(path: string, what: string, { pid, host }: Owner, mine: Owner): ProjectError {
  const process = pid === mine.pid && host === mine.host ? "this process" : `process ${pid}`;
  return host === mine.host
    ? new ProjectError(`${what} is in use by ${process}. Wait until it ends, or choose another folder.`)
    : new ProjectError(`${what} is in use by process ${pid} on ${host}. If that one has ended, delete ${path}.`);
}

/** Names in a folder that klish did not put there to keep order in it. */
export const isForeign = (name: string): boolean => name !== LOCK && !name.startsWith(`${LOCK}.`) && !isTemporary(name);

/** What killed processes left of their unfinished files, in a folder whose lock is taken. */
async function removeLeftovers(folder: string): Promise<void> {
  await removeTemporaries(folder);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeTemporaries(path);
    else if (entry.name.startsWith(`${LOCK}.`)) {
      const owner = await ownerOf(path);
      if (owner !== undefined && owner.host === hostname() && !isRunning(owner)) await rm(path, { force: true });
    }
  }
}
