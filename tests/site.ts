/** Pages in Debian's Chromium: as the package has them, and as a static host serves them. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join, resolve } from "node:path";
import type { AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's package `chromium`. */
const CHROMIUM = "/usr/bin/chromium";
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".png": "image/png",
  ".json": "application/json",
};

export const hasChromium = existsSync(CHROMIUM);

/** Where `tests/buildPages.ts` put a page, as the package has it. */
export const built = {
  report: resolve(import.meta.dirname, "../dist/report"),
  studio: resolve(import.meta.dirname, "../dist/web/studio"),
  paint: resolve(import.meta.dirname, "../dist/web/paint"),
} as const;

/** Both themes, on a desk and on a phone: axe is to find nothing in any. */
export const looks = [
  ["light", 1440],
  ["light", 390],
  ["dark", 1440],
  ["dark", 390],
] as const;

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ARGS });

export interface Site {
  /** Ends in a slash. */
  readonly url: string;
  close(): void;
}

/** Serves the files of a folder and nothing else, without a header of its own. */
export async function serve(folder: string): Promise<Site> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname);
    const file = join(folder, name.endsWith("/") ? `${name}index.html` : name);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Fills a list with what the page complains of, and with each request to anywhere but the site ("file:" for pages from disk). */
export function problemsOf(page: Page, { url }: Pick<Site, "url">, problems: string[] = []): string[] {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url()))
      problems.push(`asked for ${request.url()}`);
  });
  return problems;
}

/** What axe finds, each as its rule and the elements that break it. The page was opened with `bypassCSP`, for axe is no script of its own. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const { violations } = (await page.evaluate(
    "axe.run({ rules: { 'target-size': { enabled: true } } })",
  )) as AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 140)).join(" | ")}`);
}

/** Presses Tab until what the selector names has the focus, as somebody without a pointer does. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 120; presses++) {
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never comes to ${selector}`);
}

/** Drops files of this machine on an element, as a file manager does: Chromium itself makes the DataTransfer. */
export async function dropFiles(page: Page, selector: string, files: readonly string[]): Promise<void> {
  const element = page.locator(selector).first();
  await element.scrollIntoViewIfNeeded();
  const box = (await element.boundingBox())!;
  const at = { x: box.x + box.width / 2, y: box.y + Math.min(20, box.height / 2) };
  const session = await page.context().newCDPSession(page);
  // 1: copy.
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  await session.detach();
}
