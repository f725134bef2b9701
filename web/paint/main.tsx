import { createRoot } from "react-dom/client";
import { paintPageFile } from "../../src/project/paint/paintPageFile.ts";
import { readMask } from "../shared/maskEditor/maskFile.ts";
import { PaintView, type Scene } from "../shared/paint/PaintView.tsx";
import { ignoreStrayDrops } from "../shared/ui/strayDrops.ts";
import { keepOffline } from "./offline.ts";
import { workerEngine } from "./workerEngine.ts";
import "../shared/theme.css";
import "./page.css";

/** A file beside the page. Rejects with an error to be shown. */
async function fetched(name: string): Promise<Uint8Array> {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is missing beside the page (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

async function open(root: HTMLElement): Promise<void> {
  const about = paintPageFile.parse(JSON.parse(new TextDecoder().decode(await fetched("painter.json"))));
  document.title = about.title;
  const { engine, used } = await workerEngine(await fetched(about.painter));
  const scenes: Scene[] = await Promise.all(
    about.scenes.map(async ({ name, mask }) => ({ name, mask: readMask(await fetched(mask), engine.classes) })),
  );
  createRoot(root, { onUncaughtError: (error) => fail(root, error) }).render(
    <>
      <h1>{about.title}</h1>
      {/* A host may have several such pages. */}
      <PaintView engine={engine} scenes={scenes} keptAs={`${location.pathname} ${about.title}`} />
    </>,
  );
  keepOffline(used);
}

/** Says on the page why there is nothing to be seen. */
function fail(root: HTMLElement, error: unknown): void {
  const message = document.createElement("p");
  message.className = "warning";
  message.role = "alert";
  message.textContent = `The painter cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
  root.replaceChildren(message);
}

const root = document.getElementById("root");
if (!root) throw new Error("the page lacks #root");
ignoreStrayDrops();
open(root).catch((error: unknown) => {
  fail(root, error);
  throw error;
});
