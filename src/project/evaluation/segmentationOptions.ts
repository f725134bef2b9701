import { z } from "zod";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { photoOptions, segmenterMember } from "../segment/options.ts";

const { file: _file, ...foreign } = segmenterMember.shape;

/** What `klish evaluate segmenter` can be asked for. */
export const segmentationRequest = z.strictObject({
  models: option(
    z.array(z.string().min(1)).min(1),
    "--model <[name=]file>",
    "a segmenter, as klish segment takes it; repeat it for several. Those of one name are runs of one method: their table shows mean and spread",
  ),
  truth: option(z.string().min(1), "--truth <dataset>", "photos with masks, in any layout that klish reads"),
  outdir: option(z.string().min(1), "--outdir <folder>", "where tables, plot and sheet go"),
  matchImages: option(
    z.int().min(0).default(100),
    "--match-images <n>",
    "the first n photos decide which class each of the model's classes stands for (Algorithm 2); the others are judged. 0: by name",
  ),
  mergeSides: option(
    z.boolean().default(true),
    "--no-merge-sides",
    "left and right stay classes of their own (else l_eye and r_eye count as eye: the paper's 15 parts)",
  ),
  background: option(optional(z.string().min(1)), "--background <class>", "the background of the truth", {
    otherwise: "the class that the data set marks as such",
  }),
  ...foreign,
  ...photoOptions,
  threads: runtimeOptions.threads,
  /** The command line, to be shown. */
  command: z.string().default("the call of segmentationJob"),
});
export type SegmentationRequest = z.output<typeof segmentationRequest>;
