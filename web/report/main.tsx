/** Opens the report that is embedded in the page. */
import { useCallback, useState } from "react";
import { createRoot } from "react-dom/client";
import type { ReportData } from "../../src/project/report/data.ts";
import { PartsProvider } from "../shared/parts/context.tsx";
import { atFragment } from "../shared/parts/fragment.ts";
import { type Model, openModel } from "../shared/parts/model.ts";
import { namesAt, noNames, renamed } from "../shared/parts/naming.ts";
import { openScene, PartsView, type Scene } from "../shared/parts/PartsView.tsx";
import { initialState } from "../shared/parts/state.ts";
import { makePartsStore, type PartsStore } from "../shared/parts/store.ts";
import { Masthead, Run } from "./Masthead.tsx";
import { NamedParts } from "./NamedParts.tsx";
import "../shared/theme.css";
import "../shared/parts/parts.css";
import "./report.css";

interface Props {
  readonly model: Model;
  readonly store: PartsStore;
  readonly scene: Scene;
}

function Report({ model, store, scene }: Props) {
  const [memory, setMemory] = useState(() => noNames(model));
  const calledAt = useCallback((k: number) => ({ names: namesAt(model, memory, k) }), [model, memory]);
  const rename = (id: number, name: string): void =>
    setMemory((before) => renamed(model, before, store.getState().k, id, name));
  return (
    <PartsProvider model={model} store={store} calledAt={calledAt}>
      <a className="skip" href="#parts">
        Skip to the parts
      </a>
      <Masthead data={model.data} />
      <PartsView scene={scene} list={<NamedParts onRename={rename} />}>
        <Run data={model.data} />
      </PartsView>
    </PartsProvider>
  );
}

async function open(root: HTMLElement): Promise<void> {
  const data: ReportData = JSON.parse(document.getElementById("report-data")?.textContent ?? "");
  const model = await openModel(data);
  const range = { ...model.hierarchy, pictures: model.samples };
  const store = makePartsStore(atFragment(initialState(data.openAt), location.hash, range), range);
  const scene = await openScene(model);
  createRoot(root, {
    onUncaughtError: (error) => fail(root, error),
  }).render(<Report model={model} store={store} scene={scene} />);
}

/** Says on the page why there is nothing to be seen. */
function fail(root: HTMLElement, error: unknown): void {
  const message = document.createElement("p");
  message.className = "warning";
  message.role = "alert";
  message.textContent = `This report cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
  root.replaceChildren(message);
}

const root = document.getElementById("root");
if (!root) throw new Error("the page lacks #root");
open(root).catch((error: unknown) => {
  fail(root, error);
  throw error;
});
