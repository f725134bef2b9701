/** The frame around every screen: where one is, where one can go, and what was said. */
import { useEffect } from "react";
import type { Place, Workspace } from "../../src/studio/api.ts";
import { addressOf, goTo, useAddress } from "./address.ts";
import { BeginScreen } from "./begin/BeginScreen.tsx";
import { JobCard } from "./jobs/JobList.tsx";
import { PaintScreen } from "./paint/PaintScreen.tsx";
import { PartsScreen } from "./parts/PartsScreen.tsx";
import { type ScreenId, screenOf } from "./screens.ts";
import { useShared, useStudio } from "./studio.tsx";

interface Tab {
  readonly id: ScreenId;
  readonly title: string;
  /** Places that it shows; without them it is shown when the folder has none of them either. */
  readonly kinds: readonly Place["kind"][];
}

const TABS: readonly Tab[] = [
  { id: "begin", title: "Begin", kinds: [] },
  { id: "parts", title: "Parts", kinds: ["project"] },
  { id: "paint", title: "Paint", kinds: ["painter"] },
];

/** Where the address leads: what it says, or else the place that was opened. */
function useWhere(workspace: Workspace | null): { readonly screen: ScreenId; readonly at: string | null } {
  const said = useAddress();
  const tab = TABS.find(({ id }) => id === said.screen);
  if (tab) {
    const places = workspace?.places.filter(({ kind }) => tab.kinds.includes(kind)) ?? [];
    return { screen: tab.id, at: said.at ?? places[0]?.at ?? null };
  }
  const opened = workspace?.places.find(({ at }) => at === workspace.open);
  const screen = opened && screenOf(opened.kind);
  return opened && screen ? { screen, at: opened.at } : { screen: "begin", at: null };
}

export function App() {
  const studio = useStudio();
  useEffect(() => studio.connect(), [studio]);
  const workspace = useShared((shared) => shared.workspace);
  const { screen, at } = useWhere(workspace);
  useEffect(() => {
    if (workspace) document.documentElement.dataset.studio = "ready";
  }, [workspace]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Head workspace={workspace} screen={screen} at={at} />
      <div id="main" tabIndex={-1}>
        {screen === "parts" && at !== null ? (
          <PartsScreen key={at} at={at} />
        ) : screen === "paint" ? (
          <PaintScreen key={at} at={at} />
        ) : (
          <BeginScreen />
        )}
      </div>
      <Said />
    </>
  );
}

interface HeadProps {
  readonly workspace: Workspace | null;
  readonly screen: ScreenId;
  readonly at: string | null;
}

function Head({ workspace, screen, at }: HeadProps) {
  const running = useShared(({ jobs }) => jobs.find(({ state }) => state === "running" || state === "pausing"));
  const connected = useShared((shared) => shared.connected);
  const tabs = TABS.filter(
    ({ kinds }) => kinds.length === 0 || workspace?.places.some(({ kind }) => kinds.includes(kind)),
  );
  const kinds = TABS.find(({ id }) => id === screen)?.kinds ?? [];
  const places = workspace?.places.filter(({ kind }) => kinds.includes(kind)) ?? [];
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
      {places.length > 1 && at !== null && (
        <select aria-label="Which one" value={at} onChange={(event) => goTo(screen, event.currentTarget.value)}>
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
