/** The frame around every screen: where one is, where one can go, and what was said. */
import { type ComponentType, useEffect } from "react";
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
  /** Shown only where the folder has a place of these kinds; without any, always. */
  readonly needs: readonly Place["kind"][];
  readonly Screen: ComponentType<{ readonly at: string | null }>;
}

const TABS: readonly Tab[] = [
  { id: "begin", title: "Begin", needs: [], Screen: BeginScreen },
  { id: "parts", title: "Parts", needs: ["project"], Screen: PartsScreen },
  { id: "strokes", title: "Strokes", needs: ["project"], Screen: StrokesScreen },
  { id: "dataset", title: "Data sets", needs: ["project", "dataset"], Screen: DatasetScreen },
  { id: "photos", title: "Photos", needs: [], Screen: PhotosScreen },
  { id: "paint", title: "Paint", needs: [], Screen: PaintScreen },
  { id: "runs", title: "Trainings", needs: [], Screen: RunsScreen },
];

interface Where {
  readonly tab: Tab;
  readonly at: string | null;
}

/** Where the address leads: what it says, or else the place that was opened, once there is something to see in it. */
function useWhere(workspace: Workspace | null): Where {
  const said = useAddress();
  const tab = TABS.find(({ id }) => id === said.screen);
  if (tab) return { tab, at: said.at };
  const opened = workspace?.places.find(({ at, complete }) => at === workspace.open && complete);
  const first = opened && TABS.find(({ id }) => id === screenOf(opened.kind));
  return opened && first ? { tab: first, at: opened.at } : { tab: TABS[0], at: null };
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
  const tabs = TABS.filter(
    ({ needs }) => needs.length === 0 || workspace?.places.some(({ kind }) => needs.includes(kind)),
  );
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
