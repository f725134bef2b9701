import { z } from "zod";
import { option } from "./request.ts";

const share = z.number().min(0).max(1);

/** Shares of images that are kept for validation and for tests; the rest is to train on. */
export const splitOptions = z
  .strictObject({
    val: option(share.default(0.1), "--val <share>", "share of the validation split"),
    test: option(share.default(0), "--test <share>", "share of the test split"),
  })
  .refine(({ val, test }) => val + test <= 1, { error: "--val and --test sum to more than 1" })
  .prefault({});
