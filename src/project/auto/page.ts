/** index.html of `klish auto`: what each stage made, on one page without scripts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { Html, html, STATIC_POLICY } from "../../text/html.ts";
import type { Stage } from "./stages.ts";
import type { AutoState } from "./state.ts";

/** Widest picture of the page, and its compression. */
const WIDTH = 1000;
const QUALITY = 82;

export async function autoPage(folder: string, state: AutoState, stages: readonly Stage[]): Promise<string> {
  const sections = await Promise.all(
    stages.map(async ({ name, title, about }, i) => {
      const result = state.stages[name];
      if (result === undefined) return html`<section><h2>${i + 1}. ${title}</h2><p>Not done yet.</p></section>`;
      const pictures = await Promise.all(result.pictures.map((path) => picture(join(folder, path), title)));
      return html`<section><h2>${i + 1}. ${title}</h2><p>${about}</p>
${result.warnings.map((text) => html`<p class="warning">${text}</p>`)}
<dl>${result.facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>${pictures}</section>`;
    }),
  );
  const page = html`<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${STATIC_POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The parts of your photos</title><style>${Html.trusted(STYLE)}</style></head><body><main>
<h1>The parts of your photos</h1><p>Made without a label by <code>${state.command}</code></p>
${sections}
<section><h2>What is where</h2><ul>
<li><code>parts/report.html</code>: every number of parts, to choose from and to name (<code>klish label</code>)</li>
<li><code>dataset/overview.html</code>: the generated pictures with their masks</li>
<li><code>segmenter</code>: for further photos, <code>klish segment --model segmenter</code></li>
<li><code>masks</code>: your photos and their masks, a data set (<code>klish dataset export masks</code>)</li></ul></section>
</main></body></html>`;
  return `<!doctype html>\n${page.markup}\n`;
}

async function picture(path: string, title: string): Promise<Html> {
  const { data, info } = await sharp(await readFile(path))
    .resize(WIDTH, undefined, { withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer({ resolveWithObject: true });
  return html`<img alt="${title}" width="${info.width}" height="${info.height}" src="data:image/jpeg;base64,${data.toString("base64")}">`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1d1c1a;--paper:#fafaf8;--soft:#5f5d58;--line:#e2e0da;--code:#f0efea;--warn:#8a4b00;--warnpaper:#fff3df}
@media(prefers-color-scheme:dark){:root{--ink:#ecebe7;--paper:#191918;--soft:#a3a19a;--line:#34332f;--code:#242320;--warn:#ffc673;--warnpaper:#33260f}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:30px;margin:0 0 8px}h2{font-size:21px;margin:40px 0 4px}p{color:var(--soft);margin:0 0 12px}
.warning{color:var(--warn);background:var(--warnpaper);padding:10px 14px;border-radius:6px}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:4px 24px;margin:0 0 14px}
dl div{display:flex;gap:10px;justify-content:space-between;border-bottom:1px solid var(--line)}dt{color:var(--soft)}dd{margin:0;white-space:nowrap}
img{max-width:100%;height:auto;border-radius:6px;display:block}
code{background:var(--code);color:var(--ink);padding:1px 4px;border-radius:3px;overflow-wrap:anywhere}`;
