import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { withoutSecrets } from "../../../src/project/network/address.ts";
import { isElsewhere, networkFile, storedNetwork } from "../../../src/project/network/network.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-stored-"));
  vi.stubEnv("KLISH_CACHE", folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe("storedNetwork()", () => {
  it.each([
    "http://127.0.0.1:1/a.onnx",
    "HTTPS://example.org/a.onnx",
    "https://example.org/a.onnx?…",
    "\\\\server\\share\\a.onnx",
    "//server/share/a.onnx",
  ])("does not go to %s on a file's word, but on the user's", async (stored) => {
    await expect(storedNetwork(null, stored, "0")).rejects.toThrow(
      "klish asks no other machine because a file says so",
    );
    expect(await storedNetwork(stored, "other", "0")).toBe(stored);
  });

  it("shows no key that an earlier version kept", async () => {
    const stored = "https://ada:PASSWORD@example.org/a.onnx?token=SECRET";
    await expect(storedNetwork(null, stored, "0")).rejects.toThrow(/^(?!.*(PASSWORD|SECRET)).*example\.org\/a\.onnx/);
  });

  it("takes a path of this machine as it is", async () => {
    for (const path of ["/models/a.onnx", "C:\\models\\a.onnx", "portraits"]) {
      expect(isElsewhere(path)).toBe(false);
      expect(await storedNetwork(null, path, "0")).toBe(path);
    }
  });
});

describe("networkFile()", () => {
  it.skipIf(process.platform === "win32")("refuses devices, which never end, and takes links to files", async () => {
    await expect(networkFile("/dev/zero")).rejects.toThrow("/dev/zero is not a plain file");
    await symlink("/dev/zero", join(folder, "zero.onnx"));
    await expect(networkFile(join(folder, "zero.onnx"))).rejects.toThrow("is not a plain file");
    await writeFile(join(folder, "a.onnx"), "");
    await symlink("a.onnx", join(folder, "b.onnx"));
    expect(await networkFile(join(folder, "b.onnx"))).toBe(join(folder, "b.onnx"));
  });
});

describe("withoutSecrets()", () => {
  it.each([
    ["https://example.org/a.onnx", "https://example.org/a.onnx"],
    ["https://u:p@example.org/a.onnx?t=1#x", "https://example.org/a.onnx?…"],
    ["https://example.org/a.onnx?…", "https://example.org/a.onnx?…"],
    ["--network=https://u:p@h.org/a?k=1", "--network=https://h.org/a?…"],
    [
      "klish cluster --network 'https://h.org/a?k=1&l=2' --outdir x",
      "klish cluster --network 'https://h.org/a?…' --outdir x",
    ],
    ["https://u:p@h.org:99999/a?k=1", "https://…@h.org:99999/a?…"],
    ["/a/b?c", "/a/b?c"],
  ])("shows %j as %j", (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown);
  });
});
