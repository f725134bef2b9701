import { GridList, GridListItem, ToggleButton } from "react-aria-components";
import { useStore } from "zustand";
import type { MaskEditor } from "./editor.ts";
import { Icon } from "./icons.tsx";

interface Props {
  readonly editor: MaskEditor;
  /** Addresses of small pictures of the parts, by label. */
  readonly thumbnails?: ReadonlyMap<number, string> | undefined;
}

/** The parts that can be painted: one is chosen, and any can be locked where the editor locks. */
export function Palette({ editor, thumbnails }: Props) {
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
      {editor.classes.map(({ name, color }, id) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a class is its place in the list
        <GridListItem key={id} id={String(id)} textValue={name} className="palette-part">
          <span className="swatch" style={{ backgroundColor: color }}>
            {thumbnails?.has(id) && <img src={thumbnails.get(id)} alt="" />}
          </span>
          <span className="part-name">{name}</span>
          {editor.canLock && (
            <ToggleButton
              className="lock"
              aria-label={`Lock ${name}`}
              isSelected={locked.has(id)}
              onChange={() => editor.toggleLock(id)}
            >
              <Icon name={locked.has(id) ? "locked" : "unlocked"} />
            </ToggleButton>
          )}
        </GridListItem>
      ))}
    </GridList>
  );
}
