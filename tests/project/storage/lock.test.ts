import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryName } from "../../../src/project/storage/files.ts";
import { locked, lockFolder } from "../../../src/project/storage/lock.ts";
import { thisProcess } from "../../../src/project/storage/processes.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = new URL("../../../src/project/storage/", import.meta.url).href;

/** Starts a process that runs TypeScript with `lockFolder` at hand. */
const run = (code: string) =>
  spawn(
    process.execPath,
    [
      ...["--import", import.meta.resolve("tsx"), "--input-type=module", "-e"],
      `import { lockFolder } from "${source}lock.ts"; const folder = ${JSON.stringify(folder)}; ${code}`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );

/** A lock as a process that is gone left it. */
const stale = (id: string) => `999999999 ${hostname()} 1 ${id}\n`;

describe("lockFolder()", () => {
  it("keeps others out until it is given back", async () => {
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`${folder} is in use by this process. Wait until it ends`);
    const waiting = lockFolder(folder, { waitSeconds: 20 });
    await release();
    await (await waiting)();
    expect(await readdir(folder)).toEqual([]);
  });

  it("never shows a lock without its owner", async () => {
    const release = await lockFolder(folder);
    const { pid, start } = thisProcess();
    expect(await readFile(join(folder, ".lock"), "utf8")).toMatch(
      new RegExp(`^${pid} ${hostname()} ${start} [0-9a-f]{16}\n$`),
    );
    expect(await readdir(folder)).toEqual([".lock"]);
    await release();
  });

  it("takes over from a killed process, with its unfinished files here and one folder down", async () => {
    await mkdir(join(folder, "samples"));
    const child = run(`
      const { open } = await import("node:fs/promises"); const { temporaryName } = await import("${source}files.ts");
      await lockFolder(folder);
      for (const sub of [".", "samples"]) await (await open(folder + "/" + sub + "/" + temporaryName(), "w")).close();
      console.log("locked"); setInterval(() => {}, 1000);`);
    await once(child.stdout, "data");
    await writeFile(join(folder, "samples", "mine.tmp"), "");
    await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    const release = await lockFolder(folder);
    expect(await readdir(folder)).toEqual([".lock", "samples"]);
    expect(await readdir(join(folder, "samples"))).toEqual(["mine.tmp"]);
    await release();
  });

  it("takes away what workers that were killed meanwhile left unfinished, and no running one's", async () => {
    await mkdir(join(folder, "samples"));
    const release = await lockFolder(folder);
    const child = run(`
      const { open } = await import("node:fs/promises"); const { temporaryName } = await import("${source}files.ts");
      await (await open(folder + "/samples/" + temporaryName(), "w")).close();
      console.log("left"); setInterval(() => {}, 1000);`);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const mine = temporaryName();
    await writeFile(join(folder, "samples", mine), "");
    await release();
    expect(await readdir(folder)).toEqual(["samples"]);
    expect(await readdir(join(folder, "samples"))).toEqual([mine]);
  });

  it("takes over where a later process has the number of the one that is gone", async () => {
    await writeFile(join(folder, ".lock"), `${process.ppid} ${hostname()} 1 00000000000000aa\n`);
    await (await lockFolder(folder))();
  });

  it("leaves the lock of another machine, and says how to remove it", async () => {
    await writeFile(join(folder, ".lock"), "1 elsewhere 1 00000000000000aa\n");
    await expect(lockFolder(folder)).rejects.toThrow(`process 1 on elsewhere. If that one has ended, delete ${folder}`);
  });

  it("gives a lock that a killed process left to one of many only", async () => {
    await writeFile(join(folder, ".lock"), stale("00000000000000aa"));
    // One was killed while it took over, too.
    await writeFile(join(folder, ".lock.00000000000000aa"), stale("00000000000000bb"));
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
    const got = taken.filter((one) => one.status === "fulfilled");
    expect(got).toHaveLength(1);
    await got[0].value();
    expect(await readdir(folder)).toEqual([]);
  });

  it("serves many who wait, one after the other", async () => {
    await writeFile(join(folder, ".lock"), stale("00000000000000aa"));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const release = await lockFolder(folder, { waitSeconds: 60 });
        most = Math.max(most, ++inside);
        await new Promise((done) => setTimeout(done, 5));
        inside--;
        await release();
      }),
    );
    expect(most).toBe(1);
  });

  it("says that the folder was removed meanwhile, and keeps the first error", async () => {
    const gone = join(folder, "gone");
    const work = (fail: boolean) =>
      locked(gone, async () => {
        await rm(gone, { recursive: true });
        if (fail) throw new Error("first");
      });
    await expect(work(false)).rejects.toThrow(`${gone} was moved, deleted or emptied while klish worked in it`);
    await expect(work(true)).rejects.toThrow("first");
  });

  it("says that a disk is read-only", async ({ skip }) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("mounting a disk is not allowed here");
    }
    try {
      await expect(lockFolder(disk)).rejects.toThrow(`${disk}: the file system is read-only`);
      await expect(locked(join(disk, "new"), async () => 0)).rejects.toThrow("the file system is read-only");
    } finally {
      execFileSync("umount", [disk]);
    }
  });

  it("works on a file system without hard links", async () => {
    vi.resetModules();
    vi.doMock("node:fs/promises", async (original) => ({
      ...(await original<typeof import("node:fs/promises")>()),
      link: async () => {
        throw Object.assign(new Error("EPERM"), { code: "EPERM" });
      },
    }));
    try {
      const { lockFolder: without } = await import("../../../src/project/storage/lock.ts");
      const release = await without(folder);
      await expect(without(folder)).rejects.toThrow("is in use by this process");
      await release();
      expect(await readdir(folder)).toEqual([]);
    } finally {
      vi.doUnmock("node:fs/promises");
      expect(link).toBeDefined();
    }
  });
});
