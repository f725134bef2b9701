/** The whole view of the parts: bar, pictures, list, curves over K and the merge. Needs a PartsProvider around it. */
import { type ReactNode, useEffect } from "react";
import { Bar } from "./Bar.tsx";
import { useParts } from "./context.tsx";
import { Details } from "./Details.tsx";
import { Address, Announcement, Keys, Ticks } from "./Keys.tsx";
import { MergeStep } from "./MergeStep.tsx";
import type { Model } from "./model.ts";
import { OverK } from "./OverK.tsx";
import { Pictures } from "./Pictures.tsx";
import { type Cloud, openCloud } from "./pointPaint.ts";
import { type Panel, panelsOf, Scatter } from "./Scatter.tsx";
import { Tip } from "./Tip.tsx";

/** What points need beside the model; nothing for pictures. */
export interface Scene {
  readonly cloud: Cloud | null;
  readonly panels: readonly Panel[];
}

export async function openScene(model: Model): Promise<Scene> {
  const { canvas } = model.data;
  if (canvas.kind === "images") return { cloud: null, panels: [] };
  return { cloud: await openCloud(canvas), panels: await panelsOf(model, canvas) };
}

interface Props {
  readonly scene: Scene;
  /** The list of parts, beside the pictures. */
  readonly list: ReactNode;
  /** Sections below. */
  readonly children?: ReactNode;
}

export function PartsView({ scene, list, children }: Props) {
  const { canvas } = useParts().model.data;
  useEffect(() => {
    document.documentElement.dataset.ready = "true";
  }, []);
  return (
    <>
      <Bar />
      <main>
        <section id="parts" data-canvas={canvas.kind} tabIndex={-1} aria-label="Parts">
          <Details />
          {canvas.kind === "images" ? (
            <Pictures images={canvas} />
          ) : (
            scene.cloud && <Scatter points={canvas} cloud={scene.cloud} panels={scene.panels} />
          )}
          {list}
        </section>
        <OverK />
        <MergeStep cloud={scene.cloud} />
        {children}
      </main>
      <Tip />
      <Announcement />
      <Keys />
      <Ticks />
      <Address />
    </>
  );
}
