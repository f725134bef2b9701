import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng, encodePng } from "../../../src/dataset/png.ts";
import { painterSafetensors, readPainterBytes } from "../../../src/models/painter/painterFile.ts";
import { exportPaintPage } from "../../../src/project/paint/paintPage.ts";
import { paintPageFile } from "../../../src/project/paint/paintPageFile.ts";
import { tinyMask, tinyPainter, tinyPainterBytes } from "../../models/painter/tinyPainter.ts";

describe("exportPaintPage", () => {
  let folder: string;
  let model: string;
  let page: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-paint-page-"));
    model = join(folder, "tiny.safetensors");
    page = join(folder, "built");
    await writeFile(model, tinyPainterBytes());
    await mkdir(page);
    await writeFile(join(page, "index.html"), "<!doctype html>");
    await mkdir(join(page, "assets"));
    await writeFile(join(page, "assets", "ort.wasm.gz"), gzipSync("wasm"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const masks = async (name: string, bytes: Uint8Array): Promise<string> => {
    const scenes = await mkdtemp(join(folder, "masks-"));
    await writeFile(join(scenes, name), bytes);
    return scenes;
  };

  it("puts the page, the painter, its scenes and their list into a folder, and again", async () => {
    const out = join(folder, "site");
    const scenes = await masks(`a "scene".png`, encodePng({ width: 16, height: 16, data: tinyMask }));
    for (let time = 0; time < 2; time++) {
      if (time === 1) await writeFile(join(out, "assets", "older.js"), "");
      expect(await exportPaintPage({ model, outdir: out, scenes, title: "<b>" }, page)).toMatchObject({
        folder: out,
        scenes: 1,
      });
      expect((await readdir(out)).sort()).toEqual([
        "assets",
        "index.html",
        "painter.json",
        "painter.safetensors",
        "scenes",
      ]);
    }
    // Packed in the package, and not in the folder; what an older page had goes.
    expect(await readFile(join(out, "assets", "ort.wasm"), "utf8")).toBe("wasm");
    expect(await readdir(join(out, "assets"))).toEqual(["ort.wasm"]);
    const { weights, styles } = readPainterBytes(await readFile(join(out, "painter.safetensors")));
    expect([weights, styles]).toEqual([tinyPainter().weights, tinyPainter().styles]);
    const about = paintPageFile.parse(JSON.parse(await readFile(join(out, "painter.json"), "utf8")));
    expect(about).toMatchObject({ title: "<b>", scenes: [{ name: `a "scene"`, mask: "scenes/0.png" }] });
    const scene = decodePng(await readFile(join(out, "scenes", "0.png")));
    expect([...scene.data]).toEqual([...tinyMask]);
  });

  it("refuses a folder of something else, and masks of other classes", async () => {
    await expect(exportPaintPage({ model, outdir: page }, page)).rejects.toThrow("holds other files");
    const out = join(folder, "none");
    const foreign = await masks("x.png", encodePng({ width: 16, height: 16, data: new Uint8Array(256).fill(3) }));
    await expect(exportPaintPage({ model, outdir: out, scenes: foreign }, page)).rejects.toThrow("there are 3 classes");
    await expect(exportPaintPage({ model, outdir: out, scenes: join(folder, "absent") }, page)).rejects.toThrow(
      "there is no such file or folder",
    );
    await expect(exportPaintPage({ model: join(folder, "absent.safetensors"), outdir: out }, page)).rejects.toThrow(
      "there is no such file",
    );
    expect(await readdir(folder)).not.toContain("none");
  });

  it("begins a painter of drawn portraits with portraits", async () => {
    const { about, styles, weights } = tinyPainter();
    const { portraitClasses } = await import("../../../src/portraits/classes.ts");
    const spade = { ...about.plan, modulation: "spade" as const, hidden: 2 };
    const { painterNetwork } = await import("../../../src/models/painter/painterNetwork.ts");
    const { initialTensors } = await import("../../../src/nn/parameters.ts");
    expect(styles.shape.length + weights.size).toBeGreaterThan(3);
    const file = join(folder, "portraits.safetensors");
    await writeFile(
      file,
      painterSafetensors({
        about: { ...about, plan: spade, places: 1, classes: portraitClasses },
        styles: { ...styles, shape: [4, 1, 4], data: styles.data.slice(0, 16) },
        weights: initialTensors(painterNetwork(spade, portraitClasses.length, 16).parameters, 1),
      }),
    );
    expect((await exportPaintPage({ model: file, outdir: join(folder, "portraits") }, page)).scenes).toBe(8);
  });
});
