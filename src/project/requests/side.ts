import { z } from "zod";

/** Side of a square picture in pixels. No generator's is larger; a file that says so would fill the memory. */
export const SIDE = z.int().min(1).max(16384);
