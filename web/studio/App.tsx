/** The frame around every screen: where one is, where one can go, and what was said. */
import { type ComponentType, useEffect, useState } from "react";
import type { Place, Workspace } from "../../src/studio/api.ts";
import { addressOf, goTo, useAddress } from "./address.ts";
import { BeginScreen } from "./begin/BeginScreen.tsx";
import { DatasetScreen } from "./dataset/DatasetScreen.tsx";
import { JobCard } from "./jobs/JobList.tsx";
import { PaintScreen } from "./paint/PaintScreen.tsx";
import { PartsScreen } from "./parts/PartsScreen.tsx";
import { PhotosScreen } from "./photos/PhotosScreen.tsx";
import { RunsScreen } from "./runs/RunsScreen.tsx";
import { type ScreenId, screenOf } from "./screens.ts";
import { StrokesScreen } from "./strokes/StrokesScreen.tsx";
import { useShared, useStudio } from "./studio.tsx";

interface Tab {
  readonly id: ScreenId;
  readonly title: string;
  /** Shown only where the folder has a place of these kinds, or klish comes with one; without any, always. */
  readonly needs: readonly Place["kind"][];
  readonly Screen: ComponentType<{ readonly at: string | null }>;
}

const TABS: readonly Tab[] = [
  { id: "begin", title: "Begin", needs: [], Screen: BeginScreen },
  { id: "parts", title: "Parts", needs: ["project"], Screen: PartsScreen },
  { id: "strokes", title: "Strokes", needs: ["project", "teaching"], Screen: StrokesScreen },
  { id: "dataset", title: "Data sets", needs: ["project", "teaching", "extractor", "dataset"], Screen: DatasetScreen },
  { id: "photos", title: "Photos", needs: [], Screen: PhotosScreen },
  { id: "paint", title: "Paint", needs: [], Screen: PaintScreen },
  { id: "runs", title: "Trainings", needs: [], Screen: RunsScreen },
];

interface Where {
  readonly tab: Tab;
  readonly at: string | null;
}

const BEGIN: Where = { tab: TABS[0], at: null };

/** The place that was opened, where there is something to see in it. */
function openedPlace({ places, open }: Workspace): Where {
  const opened = places.find(({ at, complete }) => at === open && complete);
  const tab = opened && TABS.find(({ id }) => id === screenOf(opened.kind));
  return opened && tab ? { tab, at: opened.at } : BEGIN;
}

/** Where the address leads: what it says, or else what was there when the page was opened; what is finished later takes nobody away. */
function useWhere(workspace: Workspace | null): Where {
  const said = useAddress();
  const [home, setHome] = useState<Where | null>(null);
  if (home === null && workspace !== null) setHome(openedPlace(workspace));
  const tab = TABS.find(({ id }) => id === said.screen);
  return tab ? { tab, at: said.at } : (home ?? BEGIN);
}

export function App() {
  const studio = useStudio();
  useEffect(() => studio.connect(), [studio]);
  const workspace = useShared((shared) => shared.workspace);
  const { tab, at } = useWhere(workspace);
  useEffect(() => {
    if (workspace) document.documentElement.dataset.studio = "ready";
  }, [workspace]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Head workspace={workspace} tab={tab} at={at} />
      <div id="main" tabIndex={-1}>
        <tab.Screen key={`${tab.id} ${at}`} at={at} />
      </div>
      <Said />
    </>
  );
}

interface HeadProps extends Where {
  readonly workspace: Workspace | null;
}

function Head({ workspace, tab: { id: screen }, at }: HeadProps) {
  const running = useShared(({ jobs }) => jobs.find(({ state }) => state === "running" || state === "pausing"));
  const connected = useShared((shared) => shared.connected);
  const there = new Set<string>(workspace?.places.map(({ kind }) => kind));
  if (workspace?.shipped.painter.length) there.add("painter");
  const tabs = TABS.filter(({ needs }) => needs.length === 0 || needs.some((kind) => there.has(kind)));
  const places = workspace?.places.filter(({ kind }) => screenOf(kind) === screen) ?? [];
  return (
    <header className="studio-head">
      <span className="brand">klish studio</span>
      <nav aria-label="Screens">
        {tabs.map(({ id, title }) => (
          <a key={id} href={addressOf(id)} aria-current={id === screen ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {places.length > 1 && places.some((place) => place.at === at) && (
        <select aria-label="Which one" value={at ?? ""} onChange={(event) => goTo(screen, event.currentTarget.value)}>
          {places.map((place) => (
            <option key={place.at} value={place.at}>
              {place.at}
            </option>
          ))}
        </select>
      )}
      {!connected && workspace !== null && (
        <span className="offline" role="status">
          The studio does not answer; it is tried again.
        </span>
      )}
      {running && screen !== "begin" && <JobCard job={running} />}
    </header>
  );
}

/** What was said last; it goes away by itself unless it is a fault. */
function Said() {
  const studio = useStudio();
  const said = useShared((shared) => shared.said);
  useEffect(() => {
    if (said === null || said.fault) return;
    const timer = setTimeout(() => studio.store.setState({ said: null }), 9000);
    return () => clearTimeout(timer);
  }, [said, studio]);
  return (
    <div className="said-frame" role="status" aria-live="polite">
      {said && (
        <div className={said.fault ? "said-box fault" : "said-box"}>
          <span>{said.text}</span>
          <button type="button" className="quiet" onClick={() => studio.store.setState({ said: null })}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
