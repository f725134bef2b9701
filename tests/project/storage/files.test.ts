import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatSeeds, parseSeeds } from "../../../src/project/requests/seeds.ts";
import { encodeSheet, toRgb } from "../../../src/project/sampling/images.ts";
import { allWritten, removeTemporaries, temporaryName, writeAtomic } from "../../../src/project/storage/files.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Mounts a file system of one megabyte; false where that is not allowed. */
function mountSmallDisk(path: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("allWritten()", () => {
  it("tells the first failure in order, once nothing is being written any more", async () => {
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let told: unknown;
    const all = allWritten([slow, Promise.reject(new Error("full")), Promise.reject(new Error("later"))]).catch(
      (error) => {
        told = error.message;
      },
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBeUndefined();
    finish();
    await all;
    expect(told).toBe("full");
  });
});

describe("writeAtomic()", () => {
  it("replaces a file and leaves nothing else", async () => {
    const path = join(folder, "a", "b.txt");
    await writeAtomic(path, "one");
    await writeAtomic(path, "two");
    expect(await readFile(path, "utf8")).toBe("two");
    expect(await readdir(join(folder, "a"))).toEqual(["b.txt"]);
  });

  it("keeps the old file when the disk is full, says so, and leaves nothing else", async ({ skip }) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    if (!mountSmallDisk(disk)) skip("mounting a small disk is not allowed here");
    try {
      await writeAtomic(join(disk, "x"), "kept");
      await expect(writeAtomic(join(disk, "x"), new Uint8Array(2 ** 21))).rejects.toThrow(
        /x: the disk is full\. Make room/,
      );
      expect(await readdir(disk)).toEqual(["x"]);
      expect(await readFile(join(disk, "x"), "utf8")).toBe("kept");
    } finally {
      execFileSync("umount", [disk]);
    }
  });

  it("says that a part of the path is a file", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(writeAtomic(join(folder, "file", "x"), "")).rejects.toThrow(/Choose another folder/);
  });

  it("takes names as long as the file system does", async () => {
    const path = join(folder, `${"x".repeat(251)}.txt`);
    await writeAtomic(path, "long");
    expect(await readFile(path, "utf8")).toBe("long");
    await expect(writeAtomic(`${path}x`, "")).rejects.toThrow("the name is longer than this file system takes");
  });

  it("removeTemporaries() removes what a killed write left, and only that", async () => {
    const writing = temporaryName();
    // Of another machine that shares the folder: whether its process runs cannot be asked.
    const elsewhere = ".klish-999999999-1-00000000-0123456789abcdef.tmp";
    const abandoned = ".klish-999999999-1-00000000-fedcba9876543210.tmp";
    for (const name of [
      ".klish-999999999-1-0123456789abcdef.tmp",
      writing,
      elsewhere,
      abandoned,
      "my.tmp",
      ".klish.tmp",
    ])
      await writeFile(join(folder, name), "half");
    const twoDaysAgo = new Date(Date.now() - 48 * 3600 * 1000);
    await utimes(join(folder, abandoned), twoDaysAgo, twoDaysAgo);
    await removeTemporaries(folder);
    expect((await readdir(folder)).sort()).toEqual([writing, elsewhere, ".klish.tmp", "my.tmp"].sort());
  });
});

describe("parseSeeds()", () => {
  it("reads NVIDIA's lists", () => {
    expect(parseSeeds("0,1,4-6")).toEqual([0, 1, 4, 5, 6]);
    expect(parseSeeds(" 7 ")).toEqual([7]);
  });

  it.each(["", "a", "1-", "5-3", "-1", "1,,2", "4294967296", "0-99999999", "0x10", "1,1", "3,0-4"])(
    "refuses %j",
    (text) => {
      expect(() => parseSeeds(text)).toThrow(RangeError);
    },
  );

  it("undoes formatSeeds()", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), (seeds) => {
        expect(parseSeeds(formatSeeds(seeds))).toEqual(seeds);
      }),
    );
  });
});

describe("toRgb()", () => {
  it("clamps, rounds, and repeats grey", () => {
    const [rgb] = toRgb(tensor([1, 1, 1, 3], Float32Array.of(-2, 0, 0.999)), [-1, 1]);
    expect(Array.from(rgb)).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255]);
  });

  it("takes planes apart into pixels", () => {
    const [rgb] = toRgb(tensor([1, 3, 1, 2], Float32Array.of(0, 1, 0.2, 0.4, 0.6, 0.8)), [0, 1]);
    expect(Array.from(rgb)).toEqual([0, 51, 153, 255, 102, 204]);
  });
});

describe("encodeSheet()", () => {
  it("lays images out row by row", async () => {
    const { default: sharp } = await import("sharp");
    const png = await encodeSheet(
      [1, 2, 3].map((v) => new Uint8Array(12).fill(v)),
      2,
      2,
    );
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([4, 4]);
    expect([data[0], data[6], data[24], data[30]]).toEqual([1, 2, 3, 255]);
  });
});
