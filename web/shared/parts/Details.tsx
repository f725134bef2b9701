/** The figures of the K in sight, each with what it means, and the finer choices. Shown when they are asked for. */
import { effectiveClusters } from "../../../src/cluster/tree/mergeTree.ts";
import { maximum } from "../../../src/project/report/stops.ts";
import { decimals, percent } from "../format.ts";
import { Segmented } from "../ui/Segmented.tsx";
import { useChosen, useDispatch, useParts } from "./context.tsx";
import { TERMS } from "./terms.ts";

const MODES = [
  { value: "argmax", text: "SVM", title: TERMS.argmax },
  { value: "merged", text: "Merged", title: TERMS.merged },
] as const;

const SORTS = [
  { value: "area", text: "Area", title: "The largest first" },
  { value: "iou", text: "IoU", title: "The best separated first" },
] as const;

export function Details() {
  const shown = useChosen((state) => state.details);
  return (
    <div id="details" hidden={!shown}>
      {shown && <Figures />}
    </div>
  );
}

function Figures() {
  const { model } = useParts();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const opacity = useChosen((state) => state.opacity);
  const sort = useChosen((state) => state.sort);
  const dispatch = useDispatch();
  const { minIou, meanIou, explained } = model.figuresAt(k);
  // As in the list: of what is shown, or of everything that was clustered.
  const shares = [...model.sharesAt(k, mode).values()];
  return (
    <>
      <dl className="figures">
        <Figure name="Lowest IoU" value={decimals(minIou)} meaning={TERMS.iou} />
        <Figure name="Mean IoU" value={decimals(meanIou)} meaning="the same, averaged over the clusters." />
        <Figure name="Largest cluster" value={percent(maximum(shares))} meaning={TERMS.largest} />
        <Figure name="Effective clusters" value={effectiveClusters(shares).toFixed(1)} meaning={TERMS.effective} />
        {explained && <Figure name="R2rel" value={decimals(explained.r2rel)} meaning={TERMS.r2rel} />}
      </dl>
      <div className="choices">
        <Choice name="Labels" meaning={mode === "argmax" ? TERMS.argmax : TERMS.merged}>
          <Segmented
            label="Labels"
            segments={MODES}
            value={mode}
            onChange={(value) => dispatch({ type: "set", values: { mode: value } })}
          />
        </Choice>
        <Choice name="Sort by" meaning="the order of the list.">
          <Segmented
            label="Sort by"
            segments={SORTS}
            value={sort}
            onChange={(value) => dispatch({ type: "set", values: { sort: value } })}
          />
        </Choice>
        {model.data.canvas.kind === "images" && (
          <Choice name="Opacity" meaning="of the parts over the picture.">
            <input
              type="range"
              aria-label="Opacity"
              min={0}
              max={1}
              step={0.05}
              value={opacity}
              onChange={(event) =>
                dispatch({ type: "set", values: { opacity: event.currentTarget.valueAsNumber, view: "overlay" } })
              }
            />
          </Choice>
        )}
      </div>
    </>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

function Figure({ name, value, meaning }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b> <span>{meaning}</span>
      </dd>
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly meaning: string;
  readonly children: React.ReactNode;
}

function Choice({ name, meaning, children }: ChoiceProps) {
  return (
    <div className="choice">
      <span aria-hidden="true">{name}</span>
      {children}
      <span className="hint">{meaning}</span>
    </div>
  );
}
