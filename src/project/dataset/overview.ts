/** overview.html: what a dataset holds, on one page without scripts that any browser opens and any mail carries. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { loadCode } from "../../dataset/format.ts";
import { formats } from "../../dataset/formats/index.ts";
import { type DatasetClass, paletteOf } from "../../dataset/labelMap.ts";
import { decodePng } from "../../dataset/png.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { Html, html, STATIC_POLICY } from "../../text/html.ts";
import { overlay } from "../labels/preview.ts";
import { writeAtomic } from "../storage/files.ts";
import type { ManifestEntry } from "./manifest.ts";
import { type RunLog, readRuns, size } from "./runs.ts";
import { classesPath, type DatasetFile, imagePath, maskPath, masksFolder, openDataset } from "./settings.ts";
import {
  type Cleaned,
  type DatasetStatistics,
  datasetStatistics,
  foregroundPixels,
  type LabelStatistics,
} from "./statistics.ts";

const SHOWN = { random: 24, extreme: 8 };
/** Side of a picture on the page. */
const TILE = 128;
/** Of the page's pictures only. */
const QUALITY = 80;
/** More classes than this make a table of co-occurrence that nobody reads. */
const MOST_IN_TABLE = 40;

/** Writes the page; returns its path and the number of samples with files. */
export async function writeOverview(
  folder: string,
  job: JobOptions,
): Promise<{ overview: string; kept: number; cleaned: Cleaned }> {
  job.onProgress?.({ phase: "draw the overview", done: 0, total: 1 });
  const file = await openDataset(folder);
  const statistics = await datasetStatistics(folder, file, SHOWN);
  const path = join(folder, "overview.html");
  const { markup } = await page(folder, file, statistics, await readRuns(folder));
  await writeAtomic(path, `<!doctype html>\n${markup}\n`);
  job.onProgress?.({ phase: "draw the overview", done: 1, total: 1 });
  return { overview: path, kept: statistics.kept, cleaned: statistics.cleaned };
}

async function page(folder: string, file: DatasetFile, s: DatasetStatistics, runs: readonly RunLog[]): Promise<Html> {
  const { settings, classes } = file;
  const all = settings.labelSets.map((_, set) => set);
  const several = all.length > 1;
  const area = settings.resolution ** 2;
  const gallery = async (
    entries: readonly ManifestEntry[],
    sets: readonly number[],
    note: (e: ManifestEntry) => string,
  ): Promise<Html> => {
    const figures = await Promise.all(entries.map((e) => figure(folder, file, e, sets, note(e))));
    return html`<div class="gallery" style="--width:${(1 + sets.length) * TILE}px">${figures}</div>`;
  };
  const sections = await Promise.all(
    all.map(async (set) => {
      const { name, labels } = settings.labelSets[set];
      const of = several ? ` of ${name}` : "";
      // Without a background everything is foreground.
      const hasBackground = classes[set].some((c) => c.background);
      const foreground = (e: ManifestEntry): string => percent(foregroundPixels(e.labels[set], classes[set]) / area);
      const uncertain = (e: ManifestEntry): string => percent(e.labels[set].uncertain);
      return html`${several ? html`<h2 class="set">${name}</h2><p>${classes[set].length} classes from K = ${labels.k}; masks in <code>${masksFolder(settings, set)}/</code>, ids and names in <code>${classesPath(settings, set)}</code>.</p>` : ""}
<h2>Classes${of}</h2>${classTable(classes[set], s.sets[set], s.kept)}
${classes[set].length <= MOST_IN_TABLE ? html`<h2>What appears with what</h2><p>Of the images with the class of the row, the share that also has the class of the column, in percent.</p>${togetherTable(classes[set], s.sets[set])}` : ""}
${hasBackground ? html`<h2>Smallest foreground</h2>${await gallery(s.sets[set].smallest, [set], foreground)}` : ""}
<h2>Most uncertain</h2><p>With the largest share of pixels whose best score leads by little.</p>${await gallery(s.sets[set].mostUncertain, [set], uncertain)}`;
    }),
  );
  const title = `${s.kept.toLocaleString("en")} images with ${several ? `${all.length} masks each` : "masks"}`;
  return html`<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${STATIC_POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${Html.trusted(STYLE)}</style></head><body><main>
<h1>${title}</h1>
<dl>${facts(file, s, runs).map(([k, v]) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`)}</dl>
<h2>Random samples</h2>${several ? html`<p>The image, then the labels of ${settings.labelSets.map((set) => set.name).join(", ")}.</p>` : ""}${await gallery(s.random, all, (e) => e.split)}
${sections}
<h2>How to load it</h2><p>${several ? "Each label set is a dataset of its own" : "This folder is the first layout"}; <code>klish dataset export</code> writes ${several ? html`it in any of these layouts (<code>--recipe</code> chooses)` : "the others"}.</p>
${formats.map((f) => html`<h3>${f.title} <code>${f.name}</code></h3><pre tabindex="0" role="group" aria-label="Code to load ${f.title}">${loadCode(f, { imageExtension: settings.imageFormat, classes: classes[0] }, f.name === "folders" && !several ? folder : `<${f.name} folder>`)}</pre>\n`)}
</main></body></html>`;
}

/** What the page says at its head. */
function facts(
  { settings, classes }: DatasetFile,
  s: DatasetStatistics,
  runs: readonly RunLog[],
): (readonly [string, string])[] {
  const { resolution, imageFormat, labelSets, firstSeed, count, shard } = settings;
  const made = runs.reduce((sum, r) => sum + r.made, 0);
  const seconds = runs.reduce((sum, r) => sum + r.seconds, 0);
  const list: (readonly [string, string])[] = [
    ["images", `${resolution} × ${resolution}, ${imageFormat}; masks: index PNG, 255 = ignore`],
    ["splits", [...s.splits].map(([split, n]) => `${split} ${n.toLocaleString("en")}`).join(", ")],
    [
      "classes",
      labelSets
        .map(({ name, labels }, set) =>
          labelSets.length === 1
            ? `${classes[set].length}, from K = ${labels.k}`
            : `${name}: ${classes[set].length} from K = ${labels.k}`,
        )
        .join("; "),
    ],
    ["size", size(s.bytes)],
    [
      "seeds",
      `${firstSeed} to ${firstSeed + count - 1}${shard === null ? "" : `, part ${shard.index} of ${shard.of}`}`,
    ],
    [
      "generator",
      `${settings.family}, sha256 ${settings.networkSha256.slice(0, 16)}…, truncation ${settings.truncationPsi}`,
    ],
    ["labels", labelSets.map((set) => `sha256 ${set.recipeSha256.slice(0, 16)}…`).join(", ")],
  ];
  if (seconds > 0)
    list.push(["speed", `${(made / seconds).toFixed(1)} images/s in ${runs.length} run${runs.length > 1 ? "s" : ""}`]);
  if (s.rejected > 0)
    list.push([
      "left out",
      `${s.rejected.toLocaleString("en")}: ${[...s.reasons].map(([r, n]) => `${r} (${n})`).join(", ")}`,
    ]);
  return list;
}

/** An image beside its labels in each of `sets`. */
async function figure(
  folder: string,
  { settings, classes }: DatasetFile,
  { name }: ManifestEntry,
  sets: readonly number[],
  note: string,
): Promise<Html> {
  const { data: rgb, info } = await sharp(await readFile(join(folder, imagePath(name, settings))))
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const tiles: Uint8Array[] = [rgb];
  for (const set of sets) {
    const mask = decodePng(await readFile(join(folder, maskPath(name, settings, set))));
    tiles.push(overlay(rgb, { width, height, data: mask.data as Uint8Array }, paletteOf(classes[set])));
  }
  const line = width * 3;
  const row = new Uint8Array(tiles.length * line * height);
  for (let y = 0; y < height; y++)
    tiles.forEach((tile, i) => {
      row.set(tile.subarray(y * line, (y + 1) * line), (y * tiles.length + i) * line);
    });
  const [across, down] = [tiles.length * TILE, TILE];
  const jpeg = await sharp(row, { raw: { width: tiles.length * width, height, channels: 3 } })
    .resize(across, down, { kernel: width < TILE ? "nearest" : "lanczos3" })
    .jpeg({ quality: QUALITY, chromaSubsampling: "4:4:4" })
    .toBuffer();
  return html`<figure><img alt="${name} and its labels" width="${across}" height="${down}" src="data:image/jpeg;base64,${jpeg.toString("base64")}"><figcaption>${name} ${note}</figcaption></figure>`;
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;

function classTable(classes: readonly DatasetClass[], { pixelShare, images }: LabelStatistics, kept: number): Html {
  const largest = Math.max(...pixelShare, 1e-9);
  const row = (id: number, name: string, color: string, i: number): Html =>
    html`<tr><td>${id}</td><td><i style="background:${color}"></i>${name}</td><td class="bar"><b style="width:${((100 * pixelShare[i]) / largest).toFixed(2)}%;background:${color}"></b></td><td>${percent(pixelShare[i])}</td><td>${percent(kept > 0 ? images[i] / kept : 0)}</td></tr>`;
  const rows = classes.map(({ name, color, background }, id) =>
    row(id, background ? `${name} (background)` : name, color, id),
  );
  const n = classes.length;
  if (images[n] > 0) rows.push(row(255, "ignored", "#b9b9b4", n));
  return html`<table class="classes"><thead><tr><th>id</th><th>class</th><td></td><th>pixels</th><th>images</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function togetherTable(classes: readonly DatasetClass[], { together, images }: LabelStatistics): Html {
  const n = classes.length;
  const head = classes.map((c, id) => html`<th title="${c.name}"><i style="background:${c.color}"></i>${id}</th>`);
  const rows = classes.map(({ name, color }, a) => {
    const cells = classes.map((_, b) => {
      const share = images[a] > 0 ? together[a * n + b] / images[a] : 0;
      return html`<td style="--share:${Math.round(100 * share)}%">${Math.round(100 * share)}</td>`;
    });
    return html`<tr><th><i style="background:${color}"></i>${a} ${name}</th>${cells}</tr>`;
  });
  return html`<div class="wide" tabindex="0" role="group" aria-label="What appears with what"><table class="together"><thead><tr><td></td>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1d1c1a;--paper:#fafaf8;--soft:#6f6d68;--line:#e2e0da;--code:#f0efea;--heat:#7fb0e6}
@media(prefers-color-scheme:dark){:root{--ink:#ecebe7;--paper:#191918;--soft:#a3a19a;--line:#34332f;--code:#242320;--heat:#1f4c80}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:30px;margin:0 0 16px}h2{font-size:20px;margin:40px 0 8px}h3{font-size:15px;margin:20px 0 4px}
h2.set{font-size:25px;margin-top:64px;padding-top:20px;border-top:2px solid var(--line)}
p{color:var(--soft);margin:0 0 12px}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:6px 24px;margin:0}
dl div{display:flex;gap:10px}dt{color:var(--soft);min-width:76px}dd{margin:0;overflow-wrap:anywhere}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,var(--width)),1fr));gap:12px}
figure{margin:0}figure img{width:100%;height:auto;border-radius:6px;display:block;image-rendering:auto}
figcaption{color:var(--soft);font-size:12px;margin-top:2px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:3px 10px 3px 0;text-align:left;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft)}.classes{width:100%}.classes td:nth-last-child(-n+2),.classes th:nth-last-child(-n+2){text-align:right;white-space:nowrap}
.bar{width:45%}.bar b{display:block;height:12px;border-radius:3px;min-width:1px}
i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;vertical-align:-1px}
.wide{overflow-x:auto}.together tbody td{background:color-mix(in srgb,var(--heat) var(--share),transparent)}.together td{text-align:center;padding:3px 6px;font-size:12px;min-width:24px}.together th{white-space:nowrap}
pre{background:var(--code);padding:10px 12px;border-radius:6px;overflow-x:auto;margin:0;font-size:13px}
code{background:var(--code);color:var(--ink);padding:1px 5px;border-radius:4px;font-size:13px}
`;
