/** What can be done with a part beside naming it. */
import { createContext, useContext } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator, SubmenuTrigger } from "react-aria-components";
import type { LabelEdit, LabelledClass } from "../../../src/studio/api.ts";
import type { Row } from "../../shared/parts/PartList.tsx";

/** What the menus of all rows go by. A menu asks for it when it is opened: rows that are shown do not depend on it. */
export interface PartDesk {
  /** All parts in the list. */
  readonly rows: readonly Row[];
  /** What the labels say of a row, where they are at the K in sight. */
  readonly labelledAs: (row: Row) => LabelledClass | undefined;
  readonly onEdit: (edits: readonly LabelEdit[]) => void;
}

const Context = createContext<PartDesk | null>(null);
export const PartDeskProvider = Context.Provider;

const titleOf = ({ name, ids }: Row): string => name ?? ids.map((id) => `#${id}`).join(" ");

export function PartActions({ row }: { readonly row: Row }) {
  return (
    <MenuTrigger>
      <Button className="row-menu" aria-label={`More for ${titleOf(row)}`}>
        ⋯
      </Button>
      <Popover className="popover" placement="bottom end">
        <PartMenu row={row} />
      </Popover>
    </MenuTrigger>
  );
}

function PartMenu({ row }: { readonly row: Row }) {
  const desk = useContext(Context);
  if (desk === null) throw new Error("the menu of a part needs a PartDeskProvider around it");
  const { rows, labelledAs, onEdit } = desk;
  const { id } = row;
  const title = titleOf(row);
  const labelled = labelledAs(row);
  const split = labelled?.split ?? null;
  const locked = labelled?.locked ?? false;
  const others = rows.filter((other) => other.id !== id);
  return (
    <Menu className="menu" aria-label={title}>
      <MenuItem className="menu-item" onAction={() => onEdit([{ type: "lock", part: id, locked: !locked }])}>
        {locked ? "Unlock" : "Lock: nothing changes it"}
      </MenuItem>
      <Separator className="menu-line" />
      <SubmenuTrigger>
        <MenuItem className="menu-item" isDisabled={locked}>
          Merge into…
        </MenuItem>
        <Popover className="popover">
          <Menu className="menu" aria-label={`Merge ${title} into`}>
            {others.map((other) => (
              <MenuItem
                key={other.id}
                className="menu-item"
                onAction={() => onEdit([{ type: "merge", parts: [other.id, id] }])}
              >
                {titleOf(other)}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </SubmenuTrigger>
      <MenuItem className="menu-item" isDisabled={locked} onAction={() => onEdit([{ type: "apart", part: id }])}>
        Take apart along the tree
      </MenuItem>
      <Separator className="menu-line" />
      <MenuItem
        className="menu-item"
        isDisabled={locked || split?.kind === "left-right"}
        onAction={() => onEdit([{ type: "split", part: id, split: { kind: "left-right" } }])}
      >
        Split into left and right
      </MenuItem>
      {[2, 3, 4].map((count) => (
        <MenuItem
          key={count}
          className="menu-item"
          isDisabled={locked || (split?.kind === "components" && split.count === count)}
          onAction={() => onEdit([{ type: "split", part: id, split: { kind: "components", count } }])}
        >
          Split into {count} connected pieces
        </MenuItem>
      ))}
      {split !== null && (
        <MenuItem
          className="menu-item"
          isDisabled={locked}
          onAction={() => onEdit([{ type: "split", part: id, split: null }])}
        >
          Make whole again
        </MenuItem>
      )}
      <Separator className="menu-line" />
      <MenuItem
        className="menu-item"
        onAction={() => onEdit([{ type: "background", part: labelled?.background ? null : id }])}
      >
        {labelled?.background ? "Not the background" : "This is the background"}
      </MenuItem>
      <MenuItem className="menu-item" isDisabled={locked} onAction={() => onEdit([{ type: "ignore", parts: [id] }])}>
        Ignore in masks
      </MenuItem>
    </Menu>
  );
}
