import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runJob } from "../../src/project/jobs/runJob.ts";

it("the report of `npm start`, 16 portraits at 99 steps, is a file of 2.4 MB at most", async () => {
  const outdir = await mkdtemp(join(tmpdir(), "klish-size-"));
  try {
    await runJob("cluster", { network: "portraits", images: 64, layers: ["16+"], outdir });
    expect((await stat(join(outdir, "report.html"))).size).toBeLessThan(2.4e6);
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
});
