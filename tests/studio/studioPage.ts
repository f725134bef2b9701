import type { Browser, Page } from "playwright-core";
import { problemsOf } from "../site.ts";
import type { OpenedStudio } from "./openStudio.ts";

/** A page of a studio, drawn for the first time. */
export interface StudioPage {
  readonly page: Page;
  /** Errors in the console and outside requests, as they come. */
  readonly problems: string[];
}

/** Opens one, 1440 x 1000 unless `options` say otherwise. */
export async function openStudioPage(
  browser: Browser,
  studio: OpenedStudio,
  options: Parameters<Browser["newPage"]>[0] = {},
): Promise<StudioPage> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, ...options });
  const problems = problemsOf(page, { url: studio.origin });
  await page.goto(studio.url);
  await page.waitForSelector("html[data-studio]");
  return { page, problems };
}
