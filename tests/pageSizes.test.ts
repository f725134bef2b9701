/** How much a visitor loads. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { built } from "./site.ts";

/** Bytes of code of a page: 350 kB are an image or two. */
const MOST = 350_000;
/** Of the report without its data: with those of 16 portraits it is 2.2 MB, and 2.4 at most (tests/report/size.slow.test.ts). */
const MOST_REPORT = 560_000;

const there = Object.values(built).every((folder) => existsSync(folder));
if (!there) console.warn("pageSizes.test: skipped; `npm run build:pages` makes the pages");

/** As a server sends it. */
const packed = (path: string): number => gzipSync(readFileSync(path), { level: 9 }).length;

describe.skipIf(!there)("pages", () => {
  it.each(["studio", "paint"] as const)(
    "%s: scripts and styles are 350 kB at most, without onnxruntime-web",
    (page) => {
      const assets = join(built[page], "assets");
      const own = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name) && !name.startsWith("ort."));
      expect(own.length).toBeGreaterThan(1);
      expect(own.reduce((sum, name) => sum + packed(join(assets, name)), 0)).toBeLessThan(MOST);
    },
  );

  it("report: the template is small beside its pictures", () => {
    expect(readFileSync(join(built.report, "template.html")).length).toBeLessThan(MOST_REPORT);
  });
});
