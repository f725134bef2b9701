/** The list of parts at K: thumbnail, name and area; with the details, IoU and what merges next. */
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { effectiveClusters } from "../../../src/cluster/tree/mergeTree.ts";
import { COLLAPSE_SHARE, maximum } from "../../../src/project/report/stops.ts";
import { decimals, percent } from "../format.ts";
import { cssVars } from "../ui/style.ts";
import { useChosen, useDispatch, useFrame, useParts } from "./context.tsx";
import { Swatch } from "./PartName.tsx";
import { focusOf } from "./state.ts";
import { Thumbnail, Thumbnails } from "./Thumbnails.tsx";

/** A part in the list: a cluster, or several of one class. */
export interface Row {
  /** The cluster that stands for it. */
  readonly id: number;
  /** All its clusters, the first of them `id`. */
  readonly ids: readonly number[];
  readonly name: string | null;
  /** Of the area, in [0, 1]. */
  readonly share: number;
  /** Of the cluster; of several, their lowest. */
  readonly iou: number;
}

interface Props {
  /** Gives a part another name, "" for none; without it parts cannot be named. */
  readonly onRename?: (row: Row, name: string) => void;
  /** What else can be done with a part, at the end of its row. */
  readonly actions?: (row: Row) => ReactNode;
  /** A word on a part, after its name; "" for none. */
  readonly note?: (row: Row) => string;
  /** Below the list. */
  readonly children?: ReactNode;
}

/** The rows at the K in sight: a row for each cluster, sorted as was chosen. */
export function useRows(): Row[] {
  const { model, names } = useParts();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const sort = useChosen((state) => state.sort);
  const { iou } = model.stepAt(k);
  const shares = model.sharesAt(k, mode);
  const rows = Array.from(
    model.hierarchy.aliveAt(k),
    (id, i): Row => ({ id, ids: [id], name: names.get(id) ?? null, share: shares.get(id) ?? 0, iou: iou[i] }),
  );
  return rows.sort((a, b) => (sort === "area" ? b.share - a.share : b.iou - a.iou) || a.id - b.id);
}

export function PartList({ rows, onRename, actions, note, children }: Props & { readonly rows: readonly Row[] }) {
  const k = useChosen((state) => state.k);
  const isolated = useChosen((state) => state.isolated);
  const dispatch = useDispatch();
  const list = useRef<HTMLUListElement>(null);
  useFollowedPart(list);
  useNamingOfClicked(list);

  const onNext = (row: Row, by: number): void => {
    const next = rows[rows.indexOf(row) + by];
    const field = next && list.current?.querySelector<HTMLElement>(`li[data-id="${next.id}"] .name-field`);
    if (field) field.focus();
    else {
      (document.activeElement as HTMLElement | null)?.blur();
      dispatch({ type: "only", id: null });
    }
  };
  return (
    <div id="clusters">
      <div className="list-head">
        <h2>{rows.length === k ? `${k} clusters` : `${rows.length} parts`}</h2>
        {isolated !== null && (
          <button type="button" className="quiet" onClick={() => dispatch({ type: "only", id: null })}>
            Show all
          </button>
        )}
      </div>
      <Thumbnails>
        <ul ref={list} aria-label="Clusters">
          {rows.map((row) => (
            <PartRow
              key={row.id}
              row={row}
              onNext={(by) => onNext(row, by)}
              {...(onRename && { onRename })}
              {...(actions && { actions })}
              {...(note && { note })}
            />
          ))}
        </ul>
      </Thumbnails>
      <Collapse rows={rows} />
      <Hint rows={rows} nameable={onRename !== undefined} />
      {children}
    </div>
  );
}

interface RowProps extends Pick<Props, "onRename" | "actions" | "note"> {
  readonly row: Row;
  readonly onNext: (by: number) => void;
}

function PartRow({ row, onRename, onNext, actions, note }: RowProps) {
  const { model, groups } = useParts();
  const { id, ids, share, iou, name } = row;
  const k = useChosen((state) => state.k);
  const details = useChosen((state) => state.details);
  const isolated = useChosen((state) => state.isolated !== null && ids.includes(state.isolated));
  const focus = useChosen((state) => ids.includes(focusOf(state) ?? -1));
  const dispatch = useDispatch();
  const color = `rgb(${groups.rgb[id].join(" ")})`;
  const step = model.stepAt(k);
  const alive = model.hierarchy.aliveAt(k);
  const merging = ids.includes(alive[step.removed])
    ? { mark: "p", meaning: "merges next" }
    : ids.includes(alive[step.kept])
      ? { mark: "q", meaning: "absorbs p" }
      : null;
  const hash = ids.map((one) => `#${one}`).join(" ");
  const title = name ?? hash;
  return (
    <li
      data-id={id}
      className={[focus && "in-focus", isolated && "isolated"].filter(Boolean).join(" ")}
      onPointerEnter={() => dispatch({ type: "hover", id })}
      onPointerLeave={() => dispatch({ type: "hover", id: null })}
    >
      <button
        type="button"
        className="thumbnail"
        data-id={id}
        aria-pressed={isolated}
        aria-label={`Show ${title} alone`}
        title={`Show ${title} alone`}
        style={cssVars({ "--color": color })}
        onClick={() => dispatch({ type: "isolate", id })}
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible")) dispatch({ type: "hover", id });
        }}
        onBlur={() => dispatch({ type: "hover", id: null })}
      >
        <Thumbnail id={id} fallback={<Swatch color={color} />} />
      </button>
      {onRename ? (
        <NameField row={row} placeholder={hash} onRename={onRename} onNext={onNext} />
      ) : (
        <span className="name-text">{title}</span>
      )}
      {name !== null && onRename && (
        <span className="ids">
          {hash} {note?.(row)}
        </span>
      )}
      <span className="meter" style={cssVars({ "--value": share, "--color": color })} />
      <span className="value">
        <span className="visually-hidden">area </span>
        {percent(share)}
      </span>
      {details && (
        <span className="value iou">
          {merging && <i title={merging.meaning}>{merging.mark}</i>}
          <span className="visually-hidden">{merging && `, ${merging.meaning}, `}IoU </span>
          {decimals(iou)}
        </span>
      )}
      {actions?.(row)}
    </li>
  );
}

interface NameFieldProps {
  readonly row: Row;
  readonly placeholder: string;
  readonly onRename: (row: Row, name: string) => void;
  readonly onNext: (by: number) => void;
}

/** A part's name, to be typed: Enter and the arrow keys go on to the next, Escape takes back what was typed. */
function NameField({ row, placeholder, onRename, onNext }: NameFieldProps) {
  const dispatch = useDispatch();
  /** What is being typed; null while nothing is. */
  const [draft, setDraft] = useState<string | null>(null);
  const commit = (): void => {
    if (draft !== null && draft.trim() !== (row.name ?? "")) onRename(row, draft.trim());
    setDraft(null);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.nativeEvent.isComposing) return;
    // The field that is left commits.
    if (event.key === "Enter") onNext(event.shiftKey ? -1 : 1);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") onNext(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Escape" && draft !== null) setDraft(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <input
      className="name-field"
      type="text"
      maxLength={80}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      enterKeyHint="next"
      aria-label={`Name of ${placeholder}`}
      placeholder={placeholder}
      value={draft ?? row.name ?? ""}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onFocus={(event) => {
        event.currentTarget.select();
        dispatch({ type: "only", id: row.id });
      }}
      onBlur={commit}
      onKeyDown={onKeyDown}
    />
  );
}

/** A part pointed at in a picture comes into sight in the list, without moving the page. */
function useFollowedPart(list: React.RefObject<HTMLUListElement | null>): void {
  useFrame((now, before) => {
    const { current } = list;
    const focus = focusOf(now);
    if (!current || focus === null || before === null || focus === focusOf(before) || current.matches(":hover")) return;
    const row = current.querySelector<HTMLElement>(`li[data-id="${focus}"]`);
    if (row && current.scrollHeight > current.clientHeight)
      current.scrollTop = row.offsetTop - current.offsetTop - current.clientHeight / 2;
  }, []);
}

/** A part that is clicked in a picture can be named at once. By a finger it is not: that would open the keyboard over the picture. */
function useNamingOfClicked(list: React.RefObject<HTMLUListElement | null>): void {
  useFrame((now, before) => {
    if (before === null || now.isolated === null || now.isolated === before.isolated || now.place === null) return;
    if (now.place.byKeys || !matchMedia("(pointer: fine)").matches) return;
    list.current
      ?.querySelector<HTMLElement>(`li[data-id="${now.isolated}"] .name-field`)
      ?.focus({ preventScroll: true });
  }, []);
}

function Collapse({ rows }: { readonly rows: readonly Row[] }) {
  const areas = rows.map(({ share }) => share);
  const largest = maximum(areas);
  if (largest <= COLLAPSE_SHARE) return null;
  return (
    <p className="warning" role="note">
      One cluster holds {percent(largest)}: these {rows.length} are worth {effectiveClusters(areas).toFixed(1)} equal
      ones.
    </p>
  );
}

function Hint({ rows, nameable }: { readonly rows: readonly Row[]; readonly nameable: boolean }) {
  const { model } = useParts();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const details = useChosen((state) => state.details);
  const none = rows.filter(({ share }) => share === 0).map(({ id }) => `#${id}`);
  const merged = mode === "merged";
  return (
    <p className="hint">
      {nameable && "Click a part and type its name; Enter goes to the next. "}
      {merged ? "Area: share of everything that was clustered. " : "Area: share of what is shown here. "}
      {none.length > 0 &&
        `${none.join(", ")}: no pixel ${merged ? "started there" : "of these pictures scores highest there"}. `}
      {details && model.stepAt(k).removed >= 0 && "p merges next, into q."}
    </p>
  );
}
