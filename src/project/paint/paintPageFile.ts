/** What the painter's page finds beside it: painter.json. Browser code reads it too. */
import { z } from "zod";

/** A name of a file beside the page or in a folder of it. */
const beside = z.string().regex(/^[\w-]+(\/[\w-]+)*\.\w+$/, "expected the name of a file beside the page");

/** `painter.json`: which painter the page is of, and masks to begin with. */
export const paintPageFile = z.strictObject({
  klish: z.literal("paint-page"),
  version: z.literal(1),
  title: z.string().max(200),
  /** The painter's .safetensors or .onnx. */
  painter: beside,
  /** Index PNGs of the painter's side. */
  scenes: z.array(z.strictObject({ name: z.string().max(200), mask: beside })).max(100),
});
export type PaintPageFile = z.infer<typeof paintPageFile>;
