import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRoot, rootPath } from "../../../src/project/queue/root.ts";

let base: string;
beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "klish-root-")));
  await mkdir(join(base, "root", "set"), { recursive: true });
  await writeFile(join(base, "secret"), "");
  await writeFile(join(base, "root", "gan.pkl"), "");
  await symlink(join(base, "secret"), join(base, "root", "out"));
  await symlink(join(base, "root", "gan.pkl"), join(base, "root", "in"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe("openRoot()", () => {
  it("turns paths into those below the root, and back wherever a machine has it", async () => {
    const root = await openRoot(join(base, "root"));
    expect(await root.of(join(base, "root", "set"))).toBe("set");
    expect(await root.of(root.folder)).toBe(".");
    expect(await root.of(join(base, "root", "new", "set"))).toBe("new/set");
    expect(await root.at("gan.pkl")).toBe(join(base, "root", "gan.pkl"));
    expect(await root.at("in")).toBe(join(base, "root", "gan.pkl"));
    expect(await root.at(".")).toBe(root.folder);
  });

  it("gives nothing outside of it, and takes nothing", async () => {
    const root = await openRoot(join(base, "root"));
    for (const path of ["../secret", "/etc/passwd", "set/../../secret", "out", "", "C:x", "a\\..\\b", "a\0b"])
      await expect(root.at(path), path).rejects.toThrow();
    await expect(root.at("out")).rejects.toThrow("leads out of");
    await expect(root.at("nowhere")).rejects.toThrow("does every machine see the same folder there (--root)?");
    await expect(root.of(join(base, "secret"))).rejects.toThrow(`give a folder that has both: --root ${base}`);
    await expect(root.of(join(base, "root2"))).rejects.toThrow("which the machines share");
    await expect(openRoot(join(base, "nowhere"))).rejects.toThrow("there is no such folder");
  });
});

describe("rootPath", () => {
  it("refuses in a payload what is not below the root", () => {
    for (const path of ["set", "a/b.pkl", "."]) expect(rootPath.safeParse(path).success, path).toBe(true);
    for (const path of ["", "..", "a/../b", "/a", "a//b", "a\\b", "c:", "./a", "a\nb"])
      expect(rootPath.safeParse(path).success, path).toBe(false);
  });
});
