/** The figures of a log, a curve for each. */
import type { LogLine, Run } from "../../../src/studio/api.ts";
import { Curve } from "./Curve.tsx";

interface Props {
  /** Where each line stands. */
  readonly x: readonly number[];
  readonly lines: readonly LogLine[];
  /** Those to draw, in this order. */
  readonly figures: Run["figures"];
}

export const Curves = ({ x, lines, figures }: Props) => (
  <div className="curves">
    {figures.map(({ name, meaning }) => (
      <Curve key={name} name={name} meaning={meaning} x={x} y={lines.map((line) => line[name] ?? null)} />
    ))}
  </div>
);
