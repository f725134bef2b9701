/** The small label beside the pointer that names a part. */
import { useEffect, useLayoutEffect, useRef } from "react";
import { decimals, percent } from "../format.ts";
import { useChosen, useDispatch, useParts } from "./context.tsx";
import { PartName } from "./PartName.tsx";
import type { Place } from "./state.ts";

/** Room between the pointer and the label, in CSS pixels. */
const GAP = 14;

export function Tip() {
  const hovered = useChosen((state) => state.hovered);
  const place = useChosen((state) => state.place);
  const dispatch = useDispatch();
  useEffect(() => {
    const hide = (): void => dispatch({ type: "hover", id: null });
    addEventListener("scroll", hide, { passive: true });
    return () => removeEventListener("scroll", hide);
  }, [dispatch]);
  return hovered === null || place === null ? null : <TipAt id={hovered} place={place} />;
}

function TipAt({ id, place }: { readonly id: number; readonly place: Place }) {
  const { model } = useParts();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const details = useChosen((state) => state.details);
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const tip = ref.current!;
    const { width, height } = tip.getBoundingClientRect();
    const beside = (at: number, size: number, room: number): number =>
      Math.max(0, Math.round(at + GAP + size > room ? at - GAP - size : at + GAP));
    const { clientWidth } = document.documentElement;
    tip.style.transform = `translate(${beside(place.x, width, clientWidth)}px, ${beside(place.y, height, innerHeight)}px)`;
  });
  const share = model.sharesAt(k, mode).get(id) ?? 0;
  const iou = model.stepAt(k).iou[model.hierarchy.aliveAt(k).indexOf(id)];
  return (
    <div id="tip" ref={ref}>
      <PartName id={id} /> {percent(share)}
      {details && ` · IoU ${decimals(iou)}`}
    </div>
  );
}
