import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { numberedColor } from "../../../src/dataset/classList.ts";
import { FAULTS } from "../../../src/dataset/faults.ts";
import type { Sample } from "../../../src/dataset/format.ts";
import { formatNamed, formats } from "../../../src/dataset/formats/index.ts";
import { decodePng, encodePng } from "../../../src/dataset/png.ts";
import { checkJob } from "../../../src/project/dataset/check.ts";
import { datasetJob } from "../../../src/project/dataset/job.ts";
import type { SampleSource } from "../../../src/project/dataset/sampleSource.ts";
import { openSource } from "../../../src/project/dataset/source.ts";
import { exportJob } from "../../../src/project/dataset/store.ts";
import { classes, folderSink, info, someSamples } from "../../dataset/samples.ts";
import { hasShared, shared } from "../../shared.ts";
import { handmadeDataset } from "./handmade.ts";
import { labelledProject } from "./project.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-source-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(format: string, path: string): Promise<Sample[]> {
  const samples = await someSamples();
  const writer = formatNamed(format).writer(info, folderSink(path));
  for (const sample of samples) await writer.add(sample);
  await writer.finish();
  return samples;
}

const all = async (source: SampleSource): Promise<Sample[]> => {
  const samples: Sample[] = [];
  for await (const sample of source.samples()) samples.push(sample);
  return samples;
};

const put = async (path: string, content: Uint8Array): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};

describe("openSource()", () => {
  it("says of a project that a data set must be made from it first", async () => {
    const project = await labelledProject(folder);
    await expect(openSource([project], { fromFormat: null, recipe: null, name: "test" })).rejects.toThrow(
      `${project} is a project with parts, not a data set. Make one of it: klish dataset --project ${project}`,
    );
  });

  it.each(formats.map((f) => f.name))("reads %s: pixels, ids, names, colours and splits survive", async (name) => {
    const written = await write(name, folder);
    const source = await openSource([folder], { fromFormat: null, recipe: null, name: "test" });
    expect(source.info.classes).toEqual(classes);
    const read = await all(source);
    // The authors' layout numbers its samples and knows no splits.
    const kept = ({ name: stem, split, image, labels, mask }: Sample): unknown =>
      name === "authors"
        ? { image: [...image], labels, mask: [...mask] }
        : { stem, split, image: [...image], labels, mask: [...mask] };
    expect(read.map(kept)).toEqual(written.map(kept));
  });

  it("counts classes where none are listed", async () => {
    await write("spade", folder);
    await rm(join(folder, "classes.json"));
    const { info: found } = await openSource([folder], { fromFormat: "spade", recipe: null, name: "test" });
    expect(found.classes.map((c) => c.name)).toEqual(["class 0", "class 1", "class 2"]);
  });

  it("reads CelebAMask-HQ: later parts lie over earlier ones, images get the masks' size", async () => {
    const part = (left: number, width: number): Promise<Buffer> => {
      const rgb = new Uint8Array(512 * 512 * 3);
      for (let p = 0; p < 512 * 512; p++)
        if (p % 512 >= left && p % 512 < left + width) rgb.fill(255, p * 3, p * 3 + 3);
      return sharp(rgb, { raw: { width: 512, height: 512, channels: 3 } })
        .png()
        .toBuffer();
    };
    const photo = sharp({ create: { width: 1024, height: 1024, channels: 3, background: "#336699" } });
    await put("CelebA-HQ-img/3.jpg", await photo.jpeg().toBuffer());
    await put("CelebA-HQ-img/4.jpg", await photo.jpeg().toBuffer());
    await put("CelebAMask-HQ-mask-anno/0/00003_skin.png", await part(100, 200));
    await put("CelebAMask-HQ-mask-anno/0/00003_hair.png", await part(250, 100));
    const source = await openSource([folder], { fromFormat: null, recipe: null, name: "faces" });
    expect(source.info).toMatchObject({ samples: 1, imageExtension: "png" });
    const [{ name, labels, image }] = await all(source);
    expect([name, (await sharp(image).metadata()).width]).toEqual(["00003", 512]);
    const ids = [50, 150, 275, 340, 400].map((x) => source.info.classes[labels.data[512 + x]].name);
    expect(ids).toEqual(["background", "skin", "hair", "hair", "background"]);
    expect(labels.data[275]).toBe(13);
    await expect(checkJob({ folder, format: null, recipe: null }, {})).rejects.toThrow(
      `then check those:\n  klish dataset export ${folder} --format folders --outdir celebamask\n  klish check celebamask`,
    );
    await put("CelebAMask-HQ-mask-anno/0/00003_beak.png", await part(0, 9));
    await expect(openSource([folder], { fromFormat: null, recipe: null, name: "faces" })).rejects.toThrow(
      'has no part "beak"',
    );
  });

  it("reads COCO as others write it: gaps in the ids, polygons, plain run lengths, folders by year", async () => {
    await put("train2017/000001.png", encodePng({ width: 4, height: 3, data: new Uint8Array(36) }));
    const content = {
      images: [{ id: 7, file_name: "000001.png", width: 4, height: 3 }],
      categories: [
        { id: 90, name: "dog" },
        { id: 3, name: "cat", color: [255, 0, 16] },
      ],
      annotations: [
        { id: 1, image_id: 7, category_id: 90, iscrowd: 0, segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]] },
        { id: 2, image_id: 7, category_id: 3, iscrowd: 1, segmentation: { size: [3, 4], counts: [8, 4] } },
      ],
    };
    await put("annotations/instances_train2017.json", Buffer.from(JSON.stringify(content)));
    const source = await openSource([folder], { fromFormat: null, recipe: null, name: "pets" });
    expect(source.info.classes).toEqual([
      { name: "cat", color: "#ff0010", background: false },
      { name: "dog", color: numberedColor(1), background: false },
    ]);
    const [{ labels, split }] = await all(source);
    expect(split).toBe("train");
    const rows = [0, 1, 2].map((y) => [...labels.data.subarray(y * 4, y * 4 + 4)].join(" "));
    // Run lengths go down the columns: the last pixel of the third column, and the fourth.
    expect(rows).toEqual(["1 1 255 0", "1 1 255 0", "255 255 0 0"]);
  });

  it("takes names that no list has from where Label Studio's export uses them", async () => {
    const written = await write("labelstudio", folder);
    await rm(join(folder, "classes.json"));
    await rm(join(folder, "config.xml"));
    const source = await openSource([folder], { fromFormat: null, recipe: null, name: "test" });
    expect(source.info.classes.map((c) => c.name)).toEqual(classes.map((c) => c.name));
    expect((await all(source)).map((s) => s.labels)).toEqual(written.map((s) => s.labels));
  });

  it("refuses images that the panoptic list forgets", async () => {
    const open = async (): Promise<unknown> =>
      all(await openSource([folder], { fromFormat: null, recipe: null, name: "test" }));
    await write("coco", folder);
    const path = join(folder, "annotations", "panoptic_val.json");
    const content = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...content, annotations: [] }));
    await expect(open()).rejects.toThrow('1 image-without-mask: val/seed000002.png: no mask "seed000002"');
  });

  it("keeps pixels and names from one layout to the next, through all of them", async () => {
    const written = await write("folders", join(folder, "0"));
    for (const [i, { name }] of formats.entries())
      await exportJob(
        {
          from: [join(folder, String(i))],
          fromFormat: null,
          recipe: null,
          format: name,
          outdir: join(folder, String(i + 1)),
          name: "chain",
        },
        {},
      );
    for (const [i, { name }] of formats.entries())
      expect(await checkJob({ folder: join(folder, String(i + 1)), format: null, recipe: null }, {}), name).toEqual({
        format: name,
        pairs: 5,
        faults: [],
      });
    const last = await openSource([join(folder, String(formats.length))], {
      fromFormat: null,
      recipe: null,
      name: "x",
    });
    expect(last.info.classes).toEqual(classes);
    expect((await all(last)).map((s) => [Buffer.from(s.image), s.labels, Buffer.from(s.mask)])).toEqual(
      written.map((s) => [Buffer.from(s.image), s.labels, Buffer.from(s.mask)]),
    );
  });

  it.skipIf(!hasShared)("reads real index masks of CelebAMask-HQ, and takes them through COCO and back", async () => {
    const from = shared("data/celebamask");
    // The photographs and masks as they are, and the names of their 19 classes.
    const names =
      "background skin nose eye_g l_eye r_eye l_brow r_brow l_ear r_ear mouth u_lip l_lip hair hat ear_r neck_l neck cloth";
    const list = names.split(" ").map((name, id) => ({ id, name, color: numberedColor(id), background: id === 0 }));
    const files = await Promise.all(["images", "masks"].map((sub) => readdir(join(from, sub))));
    expect(files.map((f) => f.length)).toEqual([500, 500]);
    const few = join(folder, "few");
    await mkdir(join(few, "images"), { recursive: true });
    await mkdir(join(few, "masks"));
    for (const [i, sub] of ["images", "masks"].entries())
      for (const file of files[i].sort().slice(0, 8)) await copyFile(join(from, sub, file), join(few, sub, file));
    await writeFile(join(few, "classes.json"), JSON.stringify({ classes: list }));
    const checked = await checkJob({ folder: few, format: null, recipe: null }, {});
    expect(checked.faults.filter((f) => FAULTS[f.kind].severity === "error")).toEqual([]);
    const request = { fromFormat: null, recipe: null, name: "faces" };
    await exportJob({ ...request, from: [few], format: "coco", outdir: join(folder, "coco") }, {});
    const [before, after] = await Promise.all(
      [few, join(folder, "coco")].map(async (path) => all(await openSource([path], request))),
    );
    expect(after.map((s) => [s.name, s.split])).toEqual(before.map((s) => [s.name, s.split]));
    for (const [i, s] of after.entries()) expect(Buffer.compare(s.labels.data, before[i].labels.data)).toBe(0);
  });

  it("refuses what does not fit, and says what", async () => {
    await write("folders", folder);
    const open = async (): Promise<unknown> =>
      all(await openSource([folder], { fromFormat: null, recipe: null, name: "test" }));
    const mask = join(folder, "masks", "seed000002.png");
    const good = await readFile(mask);
    await writeFile(mask, encodePng({ width: 13, height: 9, data: new Uint8Array(117).fill(9) }));
    await expect(open()).rejects.toThrow(
      "1 id-out-of-range: masks/seed000002.png: id 9 in 117 pixels; there are 3 classes (map it to a class id",
    );
    await writeFile(mask, encodePng({ width: 13, height: 9, data: Uint8Array.from({ length: 351 }, (_, i) => i % 7) }));
    await expect(open()).rejects.toThrow(
      "masks/seed000002.png: 3 channels (RGB) (save one channel that holds the class id)",
    );
    await writeFile(mask, good);
    await put("images/seed000009.jpg", good);
    await expect(open()).rejects.toThrow('no mask "seed000009"');
    await expect(openSource([join(folder, "none")], { fromFormat: null, recipe: null, name: "x" })).rejects.toThrow(
      "there is no such folder",
    );
    await expect(openSource([folder, folder], { fromFormat: null, recipe: null, name: "x" })).rejects.toThrow(
      "holds no dataset",
    );
  });
});

describe("a dataset that somebody else made", () => {
  const refused = (path: string) => openSource([path], { fromFormat: null, recipe: null, name: "x" }).then(all);

  it("is refused where its images would be larger than memory", async () => {
    const path = await handmadeDataset(join(folder, "set"), { settings: { resolution: 200_000 } });
    await expect(refused(path)).rejects.toThrow(/dataset\.json is not a dataset.*resolution/s);
  });

  it("is refused where a mask has another size than its image, or ids that are no classes", async () => {
    const path = await handmadeDataset(join(folder, "set"));
    expect(await refused(path)).toHaveLength(2);
    const mask = join(path, "masks", "seed000000.png");
    await writeFile(mask, encodePng({ width: 5, height: 4, data: new Uint8Array(20) }));
    await expect(refused(path)).rejects.toThrow("seed000000: 5x4; the image has 4x4 (size-mismatch)");
    await writeFile(mask, encodePng({ width: 4, height: 4, data: new Uint8Array(16).fill(9) }));
    await expect(refused(path)).rejects.toThrow("seed000000: id 9 in 16 pixels; there are 2 classes (id-out-of-range)");
  });
});

describe("exportJob()", () => {
  it("joins the parts of a dataset, in the order of their seeds, into what one run makes", async () => {
    const project = await labelledProject(folder);
    const make = (outdir: string, shard: { index: number; of: number } | null): Promise<unknown> =>
      datasetJob(
        {
          ...{
            projects: [project],
            recipes: [],
            formats: [],
            outdir,
            network: null,
            resolution: null,
            truncationPsi: null,
            imageFormat: "png",
            quality: 90,
          },
          ...{ firstSeed: 0, count: 100, shard, ignoreMargin: 0, split: { val: 0.2, test: 0 }, provider: "cpu" },
          ...{ filter: { maxUncertain: null, minForeground: null, require: [] }, threads: 1, command: "" },
        },
        {},
      );
    const parts = [2, 1].map((index) => ({ index, of: 2, path: join(folder, `part${index}`) }));
    for (const { index, of, path } of parts) await make(path, { index, of });
    await make(join(folder, "whole"), null);
    const join2 = { fromFormat: null, recipe: null, format: "folders", name: "test" };
    await exportJob({ ...join2, from: parts.map((p) => p.path), outdir: join(folder, "joined") }, {});
    await exportJob({ ...join2, from: [join(folder, "whole")], outdir: join(folder, "copied") }, {});
    for (const file of ["train.txt", "val.txt", "classes.json", "images/seed000077.png", "masks/seed000012.png"])
      expect(await readFile(join(folder, "joined", file)), file).toEqual(await readFile(join(folder, "copied", file)));
    const twice = exportJob({ ...join2, from: [parts[0].path, parts[0].path], outdir: join(folder, "twice") }, {});
    await expect(twice).rejects.toThrow("they overlap");
    expect(decodePng(await readFile(join(folder, "joined", "masks", "seed000000.png"))).width).toBe(8);
  });
});
