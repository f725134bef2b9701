/** A project's parts: the view of the report, with names, merges and all else that makes labels of clusters. */
import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { Answer } from "../../../src/studio/api.ts";
import { PartsProvider } from "../../shared/parts/context.tsx";
import { atFragment } from "../../shared/parts/fragment.ts";
import { type Model, openModel } from "../../shared/parts/model.ts";
import { openScene, PartsView, type Scene } from "../../shared/parts/PartsView.tsx";
import { initialState } from "../../shared/parts/state.ts";
import { makePartsStore, type PartsStore } from "../../shared/parts/store.ts";
import { ask, start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { useAnswer, useShared, useStudio, useStudioEvent } from "../studio.tsx";
import { calledAt } from "./classes.ts";
import { LabelList } from "./LabelList.tsx";
import { useLabels } from "./useLabels.ts";

/** Of a project, or of the newest one. */
export function PartsScreen({ at }: { readonly at: string | null }) {
  const workspace = useShared((shared) => shared.workspace);
  const first = workspace?.places.find(({ kind }) => kind === "project");
  const shown = at ?? first?.at;
  if (shown !== undefined) return <ProjectParts key={shown} at={shown} />;
  return (
    <main className="waiting">{workspace ? "There is no generator with parts in this folder yet." : "Opening…"}</main>
  );
}

function ProjectParts({ at }: { readonly at: string }) {
  const studio = useStudio();
  const { answer: project, reload } = useAnswer("project", { at });
  useStudioEvent((event) => {
    if (event.type === "places") reload();
  });
  if (project === null) return <main className="waiting">Opening {at}…</main>;
  if (project.report) return <OpenedParts key={at} at={at} project={project} />;
  const make = (): void => {
    const job = project.complete
      ? start("report", { outdir: at })
      : start("cluster", { network: project.network, outdir: at });
    job.then(studio.keep, studio.fail);
  };
  return (
    <main>
      <h1>{at}</h1>
      <p className="lead">
        {project.complete ? "The parts were found; their report was not written yet." : "The parts are not found yet."}
      </p>
      {project.complete && (
        <button type="button" className="primary" onClick={make}>
          Write the report
        </button>
      )}
      {!project.complete && project.command && (
        <p className="hint">
          It goes on by <code>{project.command}</code>
        </p>
      )}
      <JobList at={at} />
    </main>
  );
}

interface Opened {
  readonly model: Model;
  readonly store: PartsStore;
  readonly scene: Scene;
}

function OpenedParts({ at, project }: { readonly at: string; readonly project: Answer<"project"> }) {
  const studio = useStudio();
  const [opened, setOpened] = useState<Opened | null>(null);
  useEffect(() => {
    let wanted = true;
    const open = async (): Promise<void> => {
      const model = await openModel(await ask("report", { at }));
      const range = { ...model.hierarchy, pictures: model.samples };
      const store = makePartsStore(atFragment(initialState(project.openAt), location.hash, range), range);
      const scene = await openScene(model);
      if (wanted) setOpened({ model, store, scene });
    };
    open().catch(studio.fail);
    return () => {
      wanted = false;
    };
  }, [at, project.openAt, studio]);
  return opened ? <Parts at={at} {...opened} /> : <main className="waiting">Opening the parts of {at}…</main>;
}

function Parts({ at, model, store, scene }: Opened & { readonly at: string }) {
  const desk = useLabels(at, (labelled) => store.dispatch({ type: "setK", k: labelled }));
  const k = useStore(store, (state) => state.k);
  const called = useMemo(() => calledAt(desk, model, k), [desk, model, k]);
  return (
    <PartsProvider model={model} store={store} called={called}>
      <section className="screen-head" aria-label="About these parts">
        <h1>{model.data.title}</h1>
        <p className="summary">{model.data.summary}</p>
        {model.data.notes.map((note) => (
          <p key={note} className="warning" role="note">
            {note}
          </p>
        ))}
      </section>
      <PartsView scene={scene} list={<LabelList at={at} desk={desk} called={called} />} />
    </PartsProvider>
  );
}
