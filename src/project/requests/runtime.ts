import { z } from "zod";
import { providers } from "../../runtime/session.ts";
import { inGroup, option, optional } from "./request.ts";

/** More than any machine has; ONNX Runtime refuses numbers beyond 32 bits in words of its own. */
const MOST_THREADS = 4096;

/** Where a job computes. */
export const runtimeOptions = inGroup("Where it runs", {
  provider: option(
    z.enum([...providers, "auto"]).default("auto"),
    "--provider <name>",
    "where the generator runs; auto takes the fastest that passes `klish doctor`",
  ),
  threads: option(optional(z.int().min(1).max(MOST_THREADS)), "--threads <n>", "CPU threads", {
    otherwise: "all cores",
  }),
});
