import { GridList, GridListItem, ToggleButton } from "react-aria-components";
import { useStore } from "zustand";
import type { MaskEditor } from "./editor.ts";
import { Icon } from "./icons.tsx";

/** The parts that can be painted: one is chosen, any can be locked. */
export function Palette({ editor }: { readonly editor: MaskEditor }) {
  const label = useStore(editor.state, (state) => state.label);
  const locked = useStore(editor.state, (state) => state.locked);
  return (
    <GridList
      className="palette"
      layout="grid"
      aria-label="Parts"
      selectionMode="single"
      selectionBehavior="replace"
      disallowEmptySelection
      selectedKeys={[String(label)]}
      onSelectionChange={(keys) => {
        for (const key of keys) editor.chooseLabel(Number(key));
      }}
    >
      {editor.classes.map(({ name, color, thumbnail }, id) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a class is its place in the list
        <GridListItem key={id} id={String(id)} textValue={name} className="palette-part">
          <span className="swatch" style={{ backgroundColor: color }}>
            {thumbnail !== undefined && <img src={thumbnail} alt="" />}
          </span>
          <span className="part-name">{name}</span>
          <ToggleButton
            className="lock"
            aria-label={`Lock ${name}`}
            isSelected={locked.has(id)}
            onChange={() => editor.toggleLock(id)}
          >
            <Icon name={locked.has(id) ? "locked" : "unlocked"} />
          </ToggleButton>
        </GridListItem>
      ))}
    </GridList>
  );
}
