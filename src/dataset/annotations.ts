/** What annotation files of all layouts share: entries that are validated one by one, and shapes painted into a map. */
import type { z } from "zod";
import { plainIssue } from "../text/issues.ts";
import type { FaultKind } from "./faults.ts";
import { type DatasetClass, IGNORE_LABEL, type ImageSize } from "./labelMap.ts";
import { type Area, areaPainter, type PaintedArea } from "./painter.ts";
import type { FoundLabels, ReportFault } from "./reading.ts";

/** Of one list's damaged entries; where there are more, the list is of another kind. */
const MOST_REPORTED = 100;

/** What is wrong with a value, in one line: where, and what was expected. */
export function schemaFault(error: z.ZodError): string {
  const [issue] = error.issues;
  const { path } = issue;
  const where = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return `${where.replace(/^\./, "")}${where === "" ? "" : ": "}${plainIssue(issue)}`;
}

/** The entries of a list that fit a schema, each with its index; every other is reported at `path` as `what` and its number. */
export function validEntries<T>(
  list: readonly unknown[],
  schema: z.ZodType<T>,
  what: string,
  path: string,
  report: ReportFault,
): (readonly [T, number])[] {
  const valid: (readonly [T, number])[] = [];
  let damaged = 0;
  for (const [i, entry] of list.entries()) {
    const result = schema.safeParse(entry);
    if (result.success) valid.push([result.data, i]);
    else if (++damaged <= MOST_REPORTED)
      report("annotation-damaged", path, `${what} ${i}: ${schemaFault(result.error)}`);
  }
  if (damaged > MOST_REPORTED)
    report("annotation-damaged", path, `${damaged - MOST_REPORTED} more ${what}s that are damaged too`);
  return valid;
}

/** An area that an annotation gives to a class. */
export interface Shape {
  /** The class's name. */
  readonly name: string;
  /** Throws RangeError where it cannot be drawn. */
  area(size: ImageSize): Area;
  /** Told what was painted. */
  painted?(found: PaintedArea): void;
}

/** Reports a fault of one sample. */
export type ReportKind = (kind: FaultKind, found: string) => void;

/** The class of what no instance covers: the first that is background, else none (255). */
export function backgroundOf(classes: readonly DatasetClass[]): number {
  const background = classes.findIndex((c) => c.background);
  return background < 0 ? IGNORE_LABEL : background;
}

/**
 * Paints shapes one over another; what none covers gets the label `unclaimed`. A shape that cannot be drawn is one fault, and the others
 * are painted.
 */
export function paintShapes(
  shapes: Iterable<Shape>,
  size: ImageSize,
  classes: readonly DatasetClass[],
  report: ReportKind,
  unclaimed: number = IGNORE_LABEL,
): FoundLabels {
  const labels = new Map(classes.map(({ name }, id) => [name, id]));
  const painter = areaPainter(size.width, size.height);
  let damaged = 0;
  const fault: ReportKind = (kind, found) => {
    if (++damaged <= MOST_REPORTED) report(kind, found);
  };
  for (const { name, area, painted } of shapes) {
    const label = labels.get(name);
    if (label === undefined) fault("label-unknown", `"${name}"`);
    else
      try {
        const found = painter.paint(area(size), label);
        painted?.(found);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        fault("annotation-damaged", error.message);
        if (painter.exhausted) break;
      }
  }
  if (damaged > MOST_REPORTED) report("annotation-damaged", `${damaged - MOST_REPORTED} more shapes`);
  if (painter.overlap > 0) report("overlap", `${painter.overlap} pixels of two shapes`);
  return { map: painter.finish(unclaimed) };
}
