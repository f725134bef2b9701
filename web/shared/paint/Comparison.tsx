import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import type { Paintings } from "./paintings.ts";

interface PictureProps {
  readonly paintings: Paintings;
  /** Of the style. */
  readonly id: number;
  /** What it is; left out where a name stands beside it. */
  readonly label?: string;
}

/** A style's picture. */
export function Picture({ paintings, id, label }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => paintings.show(id, canvas.current!), [paintings, id]);
  const { side } = paintings.engine;
  const role = label === undefined ? {} : { role: "img", "aria-label": label };
  return <canvas ref={canvas} width={side} height={side} {...role} />;
}

/** The chosen picture, and a slider that draws the one from before over it. */
export function Comparison({ paintings }: { readonly paintings: Paintings }) {
  const chosen = useStore(paintings.state, (state) => state.chosen);
  const before = useStore(paintings.state, (state) => state.before);
  const [share, setShare] = useState(0);
  const old = useRef<HTMLCanvasElement>(null);
  const { side } = paintings.engine;
  useEffect(() => {
    if (before !== undefined)
      old.current!.getContext("2d")!.putImageData(new ImageData(before.pixels, side, side), 0, 0);
  }, [before, side]);
  return (
    <div className="comparison">
      <div className="comparison-pictures">
        <Picture paintings={paintings} id={chosen} label="Painted picture" />
        <canvas ref={old} width={side} height={side} style={{ clipPath: `inset(0 ${100 - share}% 0 0)` }} />
      </div>
      <div className="row">
        <label className="range">
          Before
          <input
            type="range"
            min={0}
            max={100}
            value={share}
            aria-valuetext={`${share} % of the picture from before`}
            onChange={({ target }) => setShare(Number(target.value))}
          />
        </label>
        <Button onPress={() => paintings.keepBefore()}>Keep as before</Button>
      </div>
    </div>
  );
}
