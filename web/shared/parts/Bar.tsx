/** The bar that stays in sight: K, play and view. */
import { type KeyboardEvent, memo, useRef } from "react";
import { maximum } from "../../../src/project/report/stops.ts";
import { decimals, percent } from "../format.ts";
import { Segmented } from "../ui/Segmented.tsx";
import { cssVars } from "../ui/style.ts";
import { useChosen, useDispatch, useParts } from "./context.tsx";
import { kAtSlider, sliderAt } from "./kAxis.ts";
import type { View } from "./state.ts";

const VIEWS = [
  { value: "image", text: "Image", title: "Pictures alone" },
  { value: "overlay", text: "Overlay", title: "Parts over pictures" },
  { value: "parts", text: "Parts", title: "Parts alone" },
] as const satisfies readonly { value: View; text: string; title: string }[];

export function Bar() {
  const { model } = useParts();
  return (
    <section id="bar" aria-label="Number of clusters and view">
      <div className="bar-inner">
        <Play />
        <KControl />
        {model.data.canvas.kind === "images" && <ViewControl />}
        <DetailsToggle />
      </div>
    </section>
  );
}

function Play() {
  const playing = useChosen((state) => state.playing);
  const dispatch = useDispatch();
  return (
    <button
      type="button"
      className="round play"
      aria-label={playing ? "Pause" : "Play the merges"}
      title={playing ? "Pause (space)" : "Play the merges (space)"}
      onClick={() => dispatch({ type: playing ? "pause" : "play" })}
    >
      {playing ? "❚❚" : "▶"}
    </button>
  );
}

/** How sliders answer keys, but in steps of one cluster. */
const KEY_STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

function KControl() {
  const { model } = useParts();
  const { hierarchy, data } = model;
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const dispatch = useDispatch();
  const slider = useRef<HTMLInputElement>(null);
  const at = sliderAt(hierarchy, k);
  const largest = maximum([...model.sharesAt(k, mode).values()]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = KEY_STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    dispatch({ type: "setK", k: k + by });
  };
  const step = (by: number, text: string, label: string, end: number) => (
    <button
      type="button"
      className="round"
      aria-label={label}
      title={label}
      disabled={k === end}
      onClick={() => dispatch({ type: "stepK", by })}
    >
      {text}
    </button>
  );
  return (
    <>
      <span className="k-label">
        <i>K</i> ={" "}
        <output className="k-number" htmlFor="k">
          {k}
        </output>
      </span>
      {step(-1, "−", "One cluster fewer", hierarchy.minK)}
      <div className="k-slider">
        <input
          id="k"
          ref={slider}
          type="range"
          min={0}
          max={1}
          step="any"
          value={at}
          style={cssVars({ "--at": at })}
          aria-label="Number of clusters K"
          aria-valuetext={`${k} clusters, lowest IoU ${decimals(model.figuresAt(k).minIou)}, largest ${percent(largest)}`}
          onChange={(event) => dispatch({ type: "setK", k: kAtSlider(hierarchy, event.currentTarget.valueAsNumber) })}
          onKeyDown={onKeyDown}
        />
        <Stops stops={data.stops} />
      </div>
      {step(1, "+", "One cluster more", hierarchy.maxK)}
    </>
  );
}

/** The suggested K, as marks under the slider. */
const Stops = memo(({ stops }: { readonly stops: readonly number[] }) => {
  const { model } = useParts();
  const dispatch = useDispatch();
  return (
    <div className="stops">
      {stops
        .toSorted((a, b) => a - b)
        .map((k) => (
          <button
            key={k}
            type="button"
            style={cssVars({ "--at": sliderAt(model.hierarchy, k) })}
            title={`Suggested stop: K = ${k}`}
            aria-label={`Suggested stop, K = ${k}`}
            onClick={() => dispatch({ type: "setK", k })}
          >
            {k}
          </button>
        ))}
    </div>
  );
});

function ViewControl() {
  const view = useChosen((state) => state.view);
  const outline = useChosen((state) => state.outline);
  const dispatch = useDispatch();
  return (
    <div className="view-control">
      <Segmented
        label="View"
        segments={VIEWS}
        value={view}
        onChange={(value) => dispatch({ type: "set", values: { view: value } })}
      />
      <label className="outline">
        <input
          type="checkbox"
          checked={outline}
          onChange={(event) => dispatch({ type: "set", values: { outline: event.currentTarget.checked } })}
        />
        Outlines
      </label>
    </div>
  );
}

function DetailsToggle() {
  const details = useChosen((state) => state.details);
  const dispatch = useDispatch();
  return (
    <button
      type="button"
      className="details-toggle"
      aria-expanded={details}
      aria-controls="details"
      title="Figures and what they mean; labels and opacity"
      onClick={() => dispatch({ type: "set", values: { details: !details } })}
    >
      Details
    </button>
  );
}
