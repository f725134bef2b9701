/** Pictures with their masks over them. */
import { type ReactNode, useState } from "react";
import type { Dataset } from "../../../src/studio/api.ts";
import { percent } from "../../shared/format.ts";
import { Swatch } from "../../shared/parts/PartName.tsx";
import { Segmented } from "../../shared/ui/Segmented.tsx";
import { cssVars } from "../../shared/ui/style.ts";

type Sample = Dataset["samples"][number];

const VIEWS = [
  { value: "image", text: "Image", title: "Pictures alone" },
  { value: "overlay", text: "Overlay", title: "Masks over pictures" },
  { value: "mask", text: "Mask", title: "Masks alone" },
] as const;

const OPACITY = { image: 0, overlay: 0.55, mask: 1 } as const;

interface Props {
  readonly dataset: Dataset;
  /** Why a sample would be left out; "" where it would not. */
  readonly removal?: (sample: Sample) => string;
  /** What can be done with a sample, below it. */
  readonly actions?: (sample: Sample) => ReactNode;
}

export function Samples({ dataset, removal, actions }: Props) {
  const [view, setView] = useState<keyof typeof OPACITY>("overlay");
  return (
    <>
      <div className="samples-head">
        <Segmented label="View" segments={VIEWS} value={view} onChange={setView} />
        <ul className="legend-list" aria-label="Classes">
          {dataset.classes.map(({ name, color }) => (
            <li key={name}>
              <Swatch color={color} /> {name}
            </li>
          ))}
        </ul>
      </div>
      <div className="samples" style={cssVars({ "--mask": OPACITY[view] })}>
        {dataset.samples.map((sample) => {
          const reason = removal?.(sample) ?? "";
          return (
            <figure key={sample.name} className={reason === "" ? "" : "removed"}>
              <div className="stack">
                <img src={sample.imageUrl} alt={sample.name} loading="lazy" />
                {sample.maskUrls[0] && <img className="mask" src={sample.maskUrls[0]} alt="" loading="lazy" />}
              </div>
              <figcaption>
                {sample.name}
                {reason !== "" && <b> {reason}</b>}
                {sample.uncertain !== null && <small>{percent(sample.uncertain)} uncertain</small>}
                {sample.contested !== null && <small> {percent(sample.contested)} contested</small>}
                {actions?.(sample)}
              </figcaption>
            </figure>
          );
        })}
      </div>
    </>
  );
}
