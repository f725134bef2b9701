/** Every route, on a real server: a clustered project, a run, a data set and segmented photos. */
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng, encodePng } from "../../src/dataset/png.ts";
import { openPainterBytes } from "../../src/models/painter/painter.ts";
import { openProject } from "../../src/project/cluster/project.ts";
import { hashOf } from "../../src/project/dataset/sample.ts";
import { openParts } from "../../src/project/labels/parts.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { type LabelEdit, studioEvent } from "../../src/studio/api.ts";
import { tinyClasses, tinyMask, tinyPainterBytes } from "../models/painter/tinyPainter.ts";
import { handmadeDataset } from "../project/dataset/handmade.ts";
import { labelledProject } from "../project/dataset/project.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";

let folder: string;
let studio: OpenedStudio;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-studio-"));
  await labelledProject(folder);
  await rm(join(folder, "run", "labels.json"));
  await handmadeDataset(join(folder, "data"));
  await ganRun(join(folder, "gan"));
  await segmentedPhotos(join(folder, "masks"));
  await mkdir(join(folder, "painter"));
  await writeFile(
    join(folder, "painter", "settings.json"),
    '{"klish":"painter-training","command":"klish train painter"}',
  );
  await writeFile(join(folder, "painter", "painter.safetensors"), tinyPainterBytes());
  await mkdir(join(folder, "extractor"));
  await writeFile(join(folder, "extractor", "settings.json"), '{"klish":"extractor-training","command":""}');
  await writeFile(join(folder, "extractor", "extractor.png"), "a sheet");
  studio = await openStudio(folder);
}, 60_000);
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function ganRun(at: string): Promise<void> {
  await mkdir(join(at, "samples"), { recursive: true });
  await writeFile(join(at, "settings.json"), JSON.stringify({ klish: "gan-training", command: "klish train gan" }));
  await writeFile(join(at, "log.jsonl"), '{"images":1000,"lossD":1.5}\n');
  for (const name of ["kimg-000000.png", "kimg-000010.png"]) await writeFile(join(at, "samples", name), "");
}

async function segmentedPhotos(at: string): Promise<void> {
  for (const name of ["images", "masks"]) await mkdir(join(at, name), { recursive: true });
  const settings = { klish: "segmented-photos", version: 1, model: "m", modelSha256: "0", size: null, range: [0, 1] };
  const more = { output: null, fit: "pad", flip: false, scales: [1], ignoreBelow: 0, extension: "png" };
  await writeFile(join(at, "segment.json"), JSON.stringify({ ...settings, ...more }));
  const classes = [
    { id: 0, name: "wall", color: "#202020", background: true },
    { id: 1, name: "cat", color: "#f0a070", background: false },
  ];
  await writeFile(join(at, "classes.json"), JSON.stringify({ classes }));
  const entry = { photo: "a.jpg", bytes: 1, modified: 1, name: "a", width: 3, height: 2, pixels: [[0, 6]] };
  await writeFile(join(at, "photos.jsonl"), `${JSON.stringify(entry)}\n`);
  await writeFile(join(at, "images", "a.png"), encodePng({ width: 3, height: 2, data: new Uint8Array(18) }));
  await writeFile(join(at, "masks", "a.png"), encodePng({ width: 3, height: 2, data: new Uint8Array(6) }));
}

const at = "run";
const refused = (asking: Promise<unknown>): Promise<string> =>
  asking.then(
    () => "accepted",
    (error: Error) => error.message,
  );

describe("GET /api/workspace", () => {
  it("lists what klish made", async () => {
    const { kind, open, places, outsidePaths, prefix } = await studio.call("workspace", {});
    expect({ kind, outsidePaths, prefix }).toEqual({ kind: "folder", outsidePaths: true, prefix: "" });
    expect(places.map((place) => [place.at, place.kind, place.complete]).sort()).toEqual([
      ["data", "dataset", false],
      ["extractor", "extractor", false],
      ["gan", "gan", false],
      ["masks", "dataset", true],
      ["painter", "painter", true],
      ["run", "project", true],
    ]);
    expect(places.map((place) => place.at)).toContain(open);
    expect(places.find((place) => place.at === "gan")?.command).toBe("klish train gan");
    expect(places.find((place) => place.at === "gan")?.previewUrl).toBe("/files/gan/samples/kimg-000010.png");
    expect(places.find((place) => place.at === "extractor")?.previewUrl).toBe("/files/extractor/extractor.png");
  });
});

describe("a project", () => {
  it("GET /api/project sums it up; its pictures are there", async () => {
    const { pictures, report, resolution, minClusters, initialClusters, complete } = await studio.call("project", {
      at,
    });
    expect({ report, resolution, minClusters, initialClusters, complete }).toEqual({
      ...{ report: true, resolution: 8, minClusters: 2, initialClusters: 10, complete: true },
    });
    expect(pictures.length).toBe(8);
    const shown = await studio.fetch(pictures[1].url);
    expect([shown.status, shown.headers.get("content-type")]).toEqual([200, "image/png"]);
    const { width } = await sharp(Buffer.from(await shown.arrayBuffer())).metadata();
    expect(width).toBe(8);
    const known = { "if-none-match": shown.headers.get("etag") as string };
    expect((await studio.fetch(pictures[1].url, { headers: known })).status).toBe(304);
  });

  it("GET /api/report is the data of its report, with all that the slider needs", async () => {
    const { steps, canvas, argmax, openAt } = await studio.call("report", { at });
    expect(steps.map(({ k }) => k)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2]);
    expect(canvas.kind === "images" && canvas.sources.length).toBe(8);
    expect(argmax.length).toBeGreaterThan(0);
    expect(openAt).toBe((await studio.call("project", { at })).openAt);
  });

  it("GET /api/picture and /api/mask draw any seed, at any K", async () => {
    const get = async (path: string): Promise<Buffer> => {
      const answer = await studio.fetch(path);
      expect(answer.status, path).toBe(200);
      return Buffer.from(await answer.arrayBuffer());
    };
    const picture = await get(`/api/picture?at=${at}&seed=3`);
    const stored = await readFile(join(folder, at, "samples", "seed0003.png"));
    expect(await sharp(picture).raw().toBuffer()).toEqual(await sharp(stored).raw().toBuffer());
    const mask = decodePng(await get(`/api/mask?at=${at}&seed=3&k=4`));
    expect([mask.width, mask.height, mask.channels]).toEqual([8, 8, 1]);
    expect(Math.max(...mask.data)).toBeLessThan(4);
  });
});

describe("labels", () => {
  const classes = async () => (await studio.call("labels", { at })).classes;

  it("begin at the suggested K, without a file", async () => {
    const labels = await studio.call("labels", { at });
    expect(labels).toMatchObject({ revision: "", undo: null, redo: null, fileUrl: null, ignored: [] });
    expect(labels.k).toBe((await studio.call("project", { at })).openAt);
    expect(labels.classes.every(({ named }) => !named)).toBe(true);
  });

  it("are edited as klish label edits them, on disk before the answer", async () => {
    const edits = [{ type: "cut", k: 5 } as const];
    const { labels } = await studio.call("editLabels", { at }, { edits });
    const [first, second, third] = labels.classes.map(({ parts }) => parts[0]);
    const named = await studio.call(
      "editLabels",
      { at },
      {
        edits: [
          { type: "name", part: first, name: "sky" },
          { type: "merge", parts: [second, third], name: "hair" },
          { type: "background", part: first },
        ],
        revision: labels.revision,
      },
    );
    const file = JSON.parse(await readFile(join(folder, at, "labels.json"), "utf8"));
    expect(file.labels.classes.slice(0, 2)).toMatchObject([
      { name: "sky", background: true },
      { name: "hair", clusters: [1, 2] },
    ]);
    expect(named.labels.classes.slice(0, 2)).toMatchObject([
      { name: "sky", named: true, parts: [first], maskIds: "0" },
      { name: "hair", named: true, parts: [second, third], maskIds: "1" },
    ]);
    expect(named.labels.undo).toBe("“sky” is the background");
    // Colours and ids are those of the project's other pages.
    const report = await studio.call("report", { at });
    expect(named.labels.classes[0].color).toBe(report.colors[first]);
    expect((await studio.fetch(named.labels.fileUrl as string)).status).toBe(200);
  });

  it("know what everything is called at every K", async () => {
    const { names, k, classes: list } = await studio.call("labels", { at });
    const report = await studio.call("report", { at });
    expect(names.byK.map((one) => [one.k, one.of.length])).toEqual(report.steps.map((step) => [step.k, step.k]));
    const here = names.byK.find((one) => one.k === k)?.of.map((i) => (i < 0 ? null : names.classes[i].name));
    expect(here?.slice(0, 3)).toEqual(["sky", "hair", "hair"]);
    expect(list.length).toBe(4);
  });

  it("are undone and done again, until something else is edited", async () => {
    const before = await classes();
    const undone = await studio.call("editLabels", { at }, { edits: [{ type: "undo" }, { type: "undo" }] });
    expect([undone.labels.undo, undone.labels.redo]).toEqual([
      expect.stringMatching(/^name/),
      expect.stringMatching(/^merge/),
    ]);
    await studio.call("editLabels", { at }, { edits: [{ type: "redo" }, { type: "redo" }] });
    expect(await classes()).toEqual(before);
    expect(await refused(studio.call("editLabels", { at }, { edits: [{ type: "redo" }] }))).toBe(
      "409: nothing to redo: nothing was undone since the last edit.",
    );
    await studio.call("editLabels", { at }, { edits: [{ type: "undo" }] });
    // It is in the file, where `klish label redo` finds it too, until another edit.
    const file = JSON.parse(await readFile(join(folder, at, "labels.json"), "utf8"));
    expect(file.history.undone).toHaveLength(1);
    expect((await studio.call("labels", { at })).redo).toMatch(/background$/);
    const [{ parts }] = await classes();
    const { labels } = await studio.call(
      "editLabels",
      { at },
      { edits: [{ type: "color", part: parts[0], color: "#123456" }] },
    );
    expect(labels.redo).toBeNull();
  });

  it("are edited together or not at all, and only as they were seen", async () => {
    const before = await readFile(join(folder, at, "labels.json"), "utf8");
    const [{ parts }] = await classes();
    const edits = [
      { type: "name", part: parts[0], name: "new" } as const,
      { type: "name", part: 9999, name: "x" } as const,
    ];
    expect(await refused(studio.call("editLabels", { at }, { edits }))).toBe(
      "409: there is no cluster #9999: the tree has #0 to #9.",
    );
    expect(await refused(studio.call("editLabels", { at }, { edits: [edits[0]], revision: "another" }))).toMatch(
      "409: the labels were edited elsewhere",
    );
    expect(await refused(studio.call("editLabels", { at }, { edits: [{ type: "name", part: 0, name: " " }] }))).toMatch(
      /^400: edits, entry 1, name: expected at least 1 characters/,
    );
    expect(await readFile(join(folder, at, "labels.json"), "utf8")).toBe(before);
  });

  it("are ignored, taken, split and taken apart", async () => {
    const [, { parts }, { parts: third }] = await classes();
    const edits = [
      { type: "split", part: parts[0], split: { kind: "left-right" } },
      { type: "ignore", parts: third },
      { type: "take", parts: third, name: "hat" },
      { type: "apart", part: third[0] },
    ] as const;
    const { labels } = await studio.call("editLabels", { at }, { edits: [...edits] });
    expect(labels.classes.find(({ name }) => name === "hat")?.parts).toEqual(third);
    expect(labels.k).toBeGreaterThanOrEqual(5);
    expect(labels.ignored).toEqual([]);
    expect(labels.undo).toBe("take “hat” apart");
  });

  it("masks are those of the labels that are asked for, or none", async () => {
    const { labels } = await studio.call("editLabels", { at }, { edits: [{ type: "cut", k: 4 }] });
    const ask = (revision: string) => studio.fetch(`/api/mask?at=${at}&seed=3&revision=${revision}`);
    const answer = await ask(labels.revision);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "private, max-age=3600"]);
    await studio.call("editLabels", { at }, { edits: [{ type: "cut", k: 3 }] });
    expect((await ask(labels.revision)).status).toBe(204);
    const whichever = await studio.fetch(`/api/mask?at=${at}&seed=3`);
    expect([whichever.status, whichever.headers.get("cache-control")]).toEqual([200, "no-store"]);
    await studio.call("editLabels", { at }, { edits: [{ type: "undo" }, { type: "undo" }] });
  });

  it("follow strokes: masks of all pictures do, and undoing takes them back", async () => {
    const maskOf = async (seed: number): Promise<Uint8Array> => {
      const response = await studio.fetch(`/api/mask?at=${at}&seed=${seed}`);
      return decodePng(new Uint8Array(await response.arrayBuffer())).data as Uint8Array;
    };
    const before = await maskOf(3);
    const { labels: fresh } = await studio.call("editLabels", { at }, { edits: [{ type: "cut", k: 4, fresh: true }] });
    const cut = await maskOf(3);
    const other = fresh.classes.findIndex(({ maskIds }) => Number(maskIds) !== cut[0]);
    const { parts, maskIds } = fresh.classes[other];
    const points: [number, number][] = [
      [0.1, 0.1],
      [0.4, 0.4],
    ];
    const stroke = { type: "stroke", seed: 3, part: parts[0], points, radius: 0.2 } as const;
    const { labels } = await studio.call("editLabels", { at }, { edits: [stroke] });
    expect(labels).toMatchObject({ strokes: 1, undo: "stroke" });
    expect((await maskOf(3))[9]).toBe(Number(maskIds));
    expect(await maskOf(3)).not.toEqual(cut);
    const undone = await studio.call("editLabels", { at }, { edits: [{ type: "undo" }] });
    expect(undone.labels.strokes).toBe(0);
    expect(await maskOf(3)).toEqual(cut);
    await studio.call("editLabels", { at }, { edits: [{ type: "undo" }] });
    expect(await maskOf(3)).toEqual(before);
    await expect(studio.call("editLabels", { at }, { edits: [{ ...stroke, points: [] }] })).rejects.toThrow("400");
  });

  it("take turns when many edit at once", async () => {
    const { classes: list } = await studio.call("labels", { at });
    const names = list.map((_, i) => `part of many ${i}`);
    await Promise.all(
      list.map(({ parts }, i) =>
        studio.call("editLabels", { at }, { edits: [{ type: "name", part: parts[0], name: names[i] }] }),
      ),
    );
    expect((await classes()).map(({ name }) => name)).toEqual(names);
  });
});

describe("runs", () => {
  it("GET /api/run shows the log with what its figures mean, and the sheets in time", async () => {
    const run = await studio.call("run", { at: "gan" });
    expect(run).toMatchObject({ kind: "gan", lines: [{ images: 1000, lossD: 1.5 }], network: null });
    expect(run.figures.map(({ name, meaning }) => [name, meaning.length > 10])).toEqual([
      ["images", true],
      ["lossD", true],
    ]);
    expect(run.sheets.map(({ images }) => images)).toEqual([0, 10_000]);
  });

  it("GET /api/clustering shows what the tree says at each K so far, and what the figures mean", async () => {
    const { lines, figures } = await studio.call("clustering", { at: "run" });
    expect(lines[0]).toMatchObject({ merges: 0 });
    expect(lines.map(({ merges, clusters }) => merges + clusters)).toEqual(lines.map(() => lines[0].clusters));
    expect(lines.at(-1)).toMatchObject({ clusters: 2 });
    for (const { name, meaning } of figures) {
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(lines.every((line) => Number.isFinite(line[name]))).toBe(true);
    }
  });

  it("new lines are told to whoever listens", async () => {
    const stream = await studio.fetch("/api/events");
    expect(stream.headers.get("content-type")).toMatch("text/event-stream");
    const events = eventsOf(stream);
    expect((await events.next()).value?.type).toBe("reset");
    // Looked at once a second; the first look only learns.
    const write = setInterval(
      () => void appendFile(join(folder, "gan", "log.jsonl"), '{"images":2000,"lossD":1.4}\n'),
      300,
    );
    try {
      for await (const event of events)
        if (event.type === "log") {
          expect(event).toMatchObject({ at: "gan" });
          expect(event.lines[0]).toEqual({ images: 2000, lossD: 1.4 });
          expect(event.from).toBeGreaterThan(0);
          break;
        }
    } finally {
      clearInterval(write);
    }
  });
});

/** Events of a stream, checked. */
async function* eventsOf(response: Response): AsyncGenerator<ReturnType<typeof studioEvent.parse>> {
  let text = "";
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(piece);
    const blocks = text.split("\n\n");
    text = blocks.pop() as string;
    for (const block of blocks) {
      const type = /^event: (.*)$/m.exec(block)?.[1];
      if (type !== undefined)
        yield studioEvent.parse({ type, ...JSON.parse(/^data: (.*)$/m.exec(block)?.[1] as string) });
    }
  }
}

describe("data sets", () => {
  it("GET /api/dataset lists samples with their figures", async () => {
    const data = await studio.call("dataset", { at: "data", first: 1 });
    expect(data).toMatchObject({ kind: "generated", count: 2, classes: [{ name: "wall" }, { name: "face" }] });
    expect(data.samples).toEqual([
      {
        ...{ name: "seed000001", imageUrl: "/files/data/images/seed000001.png", uncertain: 0, foreground: 0.5 },
        ...{ maskUrls: ["/files/data/masks/seed000001.png"], contested: null, pixels: [8, 8] },
      },
    ]);
    expect(data.removed).toEqual([]);
    expect((await studio.fetch(data.samples[0].maskUrls[0])).status).toBe(200);
  });

  it("GET /api/dataset says what a filter left out, and why", async () => {
    const entry = (e: { readonly seed: number }) => (e.seed === 1 ? { ...e, rejected: ["uncertain 0.3 > 0.2"] } : e);
    await handmadeDataset(join(folder, "filtered"), { entry });
    const { count, samples, removed } = await studio.call("dataset", { at: "filtered" });
    expect([count, samples.map(({ name }) => name)]).toEqual([1, ["seed000000"]]);
    expect(removed).toEqual([{ name: "seed000001", seed: 1, reasons: ["uncertain 0.3 > 0.2"] }]);
  });

  it("POST /api/mask corrects a photo's, which a later run leaves alone", async () => {
    const labels = Uint8Array.from([0, 1, 255, 1, 1, 0]);
    expect(await studio.call("saveMask", { at: "masks", name: "a" }, labels)).toEqual({ saved: true });
    const mask = await readFile(join(folder, "masks", "masks", "a.png"));
    expect(decodePng(mask).data).toEqual(labels);
    const { kind, samples } = await studio.call("dataset", { at: "masks" });
    expect([kind, samples[0].pixels]).toEqual(["photos", [2, 3]]);
    const save = (body: Uint8Array, name = "a", where = "masks") =>
      refused(studio.call("saveMask", { at: where, name }, body));
    expect(await save(Uint8Array.of(0, 1))).toBe("409: the mask of a has 3 x 2 pixels, got 2 labels.");
    expect(await save(new Uint8Array(7))).toMatch("413: ");
    expect(await save(new Uint8Array(6).fill(2))).toMatch("409: there is no class 2");
    expect(await save(labels, "../masks/a")).toMatch("409: ");
    expect(await save(labels, "seed000001", "data")).toMatch("409: ");
    expect(hashOf(await readFile(join(folder, "masks", "masks", "a.png")))).toEqual(hashOf(mask));
  });

  it("POST /api/photo keeps photos under names of ours", async () => {
    const photo = new Uint8Array(
      await sharp({ create: { width: 5, height: 4, channels: 3, background: "#123456" } })
        .jpeg()
        .toBuffer(),
    );
    const add = (name: string, body = photo) => studio.call("addPhoto", { into: "photos", name }, body);
    expect(await add("../../my photo.JPG")).toEqual({
      ...{ name: "my_photo.jpg", url: "/files/photos/my_photo.jpg", width: 5, height: 4 },
    });
    expect((await add("my photo.png")).name).toBe("my_photo-2.jpg");
    expect(new Uint8Array(await readFile(join(folder, "photos", "my_photo-2.jpg")))).toEqual(photo);
    // As phones take them: lying, with a word on how they are held.
    const held = await sharp(photo).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await add("held.jpg", held)).toMatchObject({ width: 4, height: 5 });
    const deep = { create: { width: 3, height: 2, channels: 3, background: "#123456" } } as const;
    const sixteen = await sharp(deep).toColourspace("rgb16").png().toBuffer();
    expect(await add("deep.png", sixteen)).toMatchObject({ name: "deep.png", width: 3, height: 2 });
    expect(await refused(add("a.png", new TextEncoder().encode("<svg onload=alert(1)>")))).toMatch(
      "400: a.png is not a picture",
    );
    expect(await refused(studio.call("addPhoto", { into: "run", name: "a" }, photo))).toMatch("409: run holds results");
    expect(await refused(studio.call("addPhoto", { into: "../x", name: "a" }, photo))).toMatch("400: ");
  });
});

describe("painters", () => {
  const model = "painter";
  const paint = async (style: string, mask = tinyMask): Promise<Response> =>
    studio.fetch(`/api/paint?model=${model}&style=${encodeURIComponent(style)}`, {
      method: "POST",
      body: Uint8Array.from(mask),
    });

  it("GET /api/painter says what is painted with, and where its file is", async () => {
    const { side, classes, encodes, fileUrl } = await studio.call("painter", { model });
    expect({ side, classes, encodes }).toEqual({ side: 16, classes: tinyClasses, encodes: true });
    const file = await studio.fetch(fileUrl as string);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(tinyPainterBytes());
    expect(await refused(studio.call("painter", { model: "../painter" }))).toMatch("404: ");
    expect(await refused(studio.call("painter", { model: "data" }))).toMatch("409: ");
  });

  it("POST /api/paint paints a mask in the style of a seed", async () => {
    const painter = await openPainterBytes(tinyPainterBytes(), { runtime: ortNode, threads: 1 });
    const [expected] = await painter.paint([tinyMask], [painter.style(7)]);
    await painter.dispose();
    const painted = await paint("seed:7");
    expect([painted.status, painted.headers.get("content-type")]).toEqual([200, "image/png"]);
    const pixels = await sharp(Buffer.from(await painted.arrayBuffer()))
      .ensureAlpha()
      .raw()
      .toBuffer();
    expect(new Uint8Array(pixels)).toEqual(new Uint8Array(expected));
    const answers = [
      paint("seed:7", tinyMask.slice(1)),
      paint("seed:99999999999"),
      paint("seven"),
      paint("style:none"),
    ];
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([400, 400, 400, 409]);
    expect((await paint("seed:7", new Uint8Array(257))).status).toBe(413);
  });

  it("POST /api/style reads the style of a picture", async () => {
    const picture = new Uint8Array(5 * 256).fill(99);
    picture.set(tinyMask, 4 * 256);
    const { style } = await studio.call("style", { model, otherwise: "seed:1" }, picture);
    expect(style).toMatch(/^style:/);
    expect((await paint(style)).status).toBe(200);
    expect(await refused(studio.call("style", { model, otherwise: "seed:1" }, new Uint8Array(9)))).toBe(
      "400: expected a picture of 16 x 16 RGBA and its mask, 1280 bytes, got 9.",
    );
  });
});

describe("jobs", () => {
  it("POST /api/jobs runs one and keeps what it made", async () => {
    const stream = eventsOf(await studio.fetch("/api/events"));
    const request = { outdir: "drawn", count: 2, resolution: 8, threads: 1 };
    const { id } = await studio.call("startJob", {}, { kind: "portraits", request });
    for await (const event of stream) {
      if (event.type !== "job" || event.job.id !== id) continue;
      expect(event.job.error).toBeNull();
      if (event.job.state === "done") break;
    }
    const { jobs } = await studio.call("jobs", {});
    expect(jobs[0]).toMatchObject({ id, kind: "portraits", at: "drawn", state: "done", request });
    const { places } = await studio.call("workspace", {});
    expect(places.map((place) => place.at)).toContain("drawn");
    expect((await studio.call("dataset", { at: "drawn" })).count).toBe(2);
    expect((await studio.call("actOnJob", {}, { id, action: "forget" })).jobs).toEqual([]);
  });

  it("GET /api/jobs/options describes a form", async () => {
    const { options } = await studio.call("jobOptions", { kind: "cluster" });
    expect(options.find(({ path }) => path[0] === "initialClusters")).toMatchObject({ type: "integer", default: 100 });
  });

  it("say what is wrong with a request", async () => {
    const start = (request: Record<string, unknown>) =>
      refused(studio.call("startJob", {}, { kind: "report", request }));
    expect(await start({ outdri: "x" })).toMatch('did you mean "outdir"?');
    expect(await start({ outdir: "../x" })).toMatch("400: ");
    expect(await refused(studio.call("actOnJob", {}, { id: "x", action: "pause" }))).toBe('404: there is no job "x".');
  });
});

describe("classes that are taught", () => {
  it("begin with a job; labels, pictures and masks are theirs, and an extractor is left", async () => {
    const taught = { at: "taught" };
    const request = { network: "tiny.onnx", outdir: "taught", provider: "cpu", threads: 1 };
    const { id } = await studio.call("startJob", {}, { kind: "teach", request });
    await expect
      .poll(async () => (await studio.call("jobs", {})).jobs.find((job) => job.id === id)?.state, { timeout: 60_000 })
      .toBe("done");
    expect(await studio.call("teaching", taught)).toMatchObject({ resolution: 8, seeds: [] });
    const edit = (edits: LabelEdit[]) => studio.call("editLabels", taught, { edits });
    const dot = (part: number, x: number): LabelEdit => ({
      ...{ type: "stroke", seed: 4, part, points: [[x, 0.5]], radius: 0.05 },
    });
    await edit([{ type: "add", name: "sky" }, { type: "add", name: "tree" }, dot(0, 0.1)]);
    const mask = async (seed: number, revision = ""): Promise<Set<number> | number> => {
      const answer = await studio.fetch(`/api/mask?at=taught&seed=${seed}${revision && `&revision=${revision}`}`);
      if (answer.status !== 200) return answer.status;
      return new Set(decodePng(new Uint8Array(await answer.arrayBuffer())).data);
    };
    // Of one class there is only what was painted.
    expect(await mask(4)).toEqual(new Set([0, 255]));
    expect(await mask(5)).toEqual(new Set([255]));
    const { labels } = await edit([dot(1, 0.9)]);
    expect(await mask(4, labels.revision)).toEqual(new Set([0, 1]));
    expect(await mask(5)).not.toContain(255);
    expect(await mask(5, "earlier")).toBe(204);
    expect((await studio.fetch("/api/picture?at=taught&seed=5")).status).toBe(200);
    const { places } = await studio.call("workspace", {});
    expect(places.find((place) => place.at === "taught")).toMatchObject({ kind: "teaching", complete: true });
    expect((await openParts(join(folder, "taught"))).cuts?.initialClusters).toBe(2);
  });
});

describe("what is not there", () => {
  it.each([
    ["project", "nowhere"],
    ["project", "data"],
    ["labels", "gan"],
    ["run", "run"],
    ["clustering", "gan"],
    ["dataset", "run"],
    ["report", "photos"],
  ] as const)("GET /api/%s of %s says so", async (route, place) => {
    expect(await refused(studio.call(route, { at: place }))).toMatch(/^404: "\w+" is no /);
  });

  it("a project whose report is gone says how to make it", async () => {
    const report = join(folder, at, "report.html");
    const page = await readFile(report);
    await writeFile(report, "<p>another page</p>");
    expect(await refused(studio.call("report", { at }))).toMatch("409: report.html of this project is damaged");
    await rm(report);
    expect(await refused(studio.call("report", { at }))).toMatch("404: this project has no report yet");
    await writeFile(report, page);
    expect((await openProject(join(folder, at))).file.complete).toBe(true);
  });
});
