/** Folders that are file systems of their own, as volumes of containers are. */
import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { labelledProject } from "../project/dataset/project.ts";
import { main } from "./klish.ts";

// Mounts that only this process sees: on Linux, where the system lets its users have them.
const apart = ["-rm", "sh", "-c"];
const canMount = spawnSync("unshare", [...apart, "mount -t tmpfs klish /mnt"]).status === 0;

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-mounts-"));
  project = await labelledProject(folder);
  for (const name of ["set", "out"]) await mkdir(join(folder, name));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.skipIf(!canMount)(
  "a dataset is made in one; an export cannot take a mount's place, says so before it works, and goes into it",
  async () => {
    const script = [
      "cd $0 && mount -t tmpfs klish set && mount -t tmpfs klish out || exit 9",
      'klish() { "$1" "$2" $3 --quiet; echo "exit $?"; }',
      'klish "$1" "$2" "dataset --project $3 --outdir set --count 4 --provider cpu"',
      'klish "$1" "$2" "dataset export set --format voc --outdir out"',
      'klish "$1" "$2" "dataset export set --format voc --outdir out/data"',
      'klish "$1" "$2" "check out/data"',
      "ls -A set/masks out",
    ].join("\n");
    const printed = await new Promise<string>((done) => {
      const words = [...apart, script, folder, process.execPath, main, project];
      execFile("unshare", words, (_, stdout, stderr) => done(stdout + stderr));
    });
    expect(printed.match(/^exit \d$/gm)).toEqual(["exit 0", "exit 1", "exit 0", "exit 0"]);
    expect(printed).toContain(
      `klish: ${join(folder, "out")} is a mount point, so the finished folder cannot take its place. Choose a new folder in it, such as ${join(folder, "out", "data")}.`,
    );
    const names = Array.from({ length: 4 }, (_, seed) => `seed00000${seed}.png`);
    expect(printed).toContain(["out:", "data", "", "set/masks:", ...names].join("\n"));
  },
);
