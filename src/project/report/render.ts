/** Puts a report's data into the page template that `web/report/` builds. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { safeJson, xml } from "../../text/escape.ts";
import type { ReportData } from "./data.ts";

/** With its quotes, a JSON string: the template's data is valid before and after. */
const DATA_SLOT = '"__KLISH_REPORT_DATA__"';
const TITLE_SLOT = "__KLISH_REPORT_TITLE__";

/** From dist/project/report/, where users have this file, and from src/project/report/, where it is developed. */
const TEMPLATES = ["../../report/template.html", "../../../dist/report/template.html"];

/** The built page template. Throws when the page was not built. */
export async function readTemplate(): Promise<string> {
  for (const relative of TEMPLATES) {
    try {
      return await readFile(fileURLToPath(new URL(relative, import.meta.url)), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error(
    "report: the page template dist/report/template.html is missing; build it with `npx vite build web/report`",
  );
}

/** The page: one self-contained HTML document. Throws when `template` lacks a slot. */
export function renderReport(data: ReportData, template: string): string {
  for (const slot of [DATA_SLOT, TITLE_SLOT])
    if (template.split(slot).length !== 2) throw new Error(`renderReport: the template should hold ${slot} once`);
  // Functions, because a replacement string would interpret "$&" in the data. The data goes last: it may name any slot.
  return template.replace(TITLE_SLOT, () => xml(data.title)).replace(DATA_SLOT, () => safeJson(data));
}

/** As the template has it, around the data. */
const DATA = /<script type="application\/json" id="report-data">([^<]*)<\/script>/;

/** The data of a page that `renderReport` made, as text; undefined where the page is another. The text is JSON and nobody's word: read it as data. */
export function reportJson(page: string): string | undefined {
  // No "<" stands in the data, so that the first end tag is the one.
  return DATA.exec(page)?.[1];
}
