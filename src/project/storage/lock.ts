import { mkdir, open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ProjectError } from "./files.ts";
import { refuseLinksOutside } from "./links.ts";

/**
 * Keeps two processes from working on one folder: a file `.lock` with the owner's process number. One that a killed
 * process left is taken over. Returns the release. Throws ProjectError too where a symbolic link in the folder leads out of it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await refuseLinksOutside(folder);
  const path = join(folder, ".lock");
  const mine = `${process.pid} ${hostname()}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(mine);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const [pid, host] = (await readFile(path, "utf8").catch(() => "")).split(" ");
    if (host !== undefined && host !== hostname())
      throw new ProjectError(
        `${folder} is in use by process ${pid} on ${host}. If that one has ended, delete ${path}.`,
      );
    if (isAlive(Number(pid)))
      throw new ProjectError(`${folder} is in use by process ${pid}. Wait until it ends, or choose another --outdir.`);
    await rm(path, { force: true });
  }
  throw new ProjectError(`${folder} is in use by another process that has just started.`);
}

/** Does `work` in a folder that is made where it is not there, and locked meanwhile. Throws ProjectError where it cannot be. */
export async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new ProjectError(`${folder} cannot be made (${(cause as Error).message}). Choose another --outdir.`, {
      cause,
    });
  });
  const release = await lockFolder(folder);
  try {
    return await work();
  } finally {
    await release();
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
