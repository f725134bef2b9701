import type { ReactNode } from "react";
import {
  Toolbar as AriaToolbar,
  Button,
  Group,
  ToggleButton,
  ToggleButtonGroup,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import { LARGEST_BRUSH, type MaskEditor } from "./editor.ts";
import { Icon, type IconName } from "./icons.tsx";

interface ActionProps {
  readonly icon: IconName;
  readonly name: string;
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly onPress: () => void;
}

/** A hint that names a button and its key when the pointer or the focus rests on it. */
function Hint({
  text,
  keys,
  children,
}: {
  readonly text: string;
  readonly keys: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <TooltipTrigger delay={500}>
      {children}
      <Tooltip className="tooltip" offset={6}>
        {text} {keys !== undefined && <kbd>{keys}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}

function Action({ icon, name, keys, disabled = false, onPress }: ActionProps) {
  return (
    <Hint text={name} keys={keys}>
      <Button className="tool" aria-label={name} isDisabled={disabled} onPress={onPress}>
        <Icon name={icon} />
      </Button>
    </Hint>
  );
}

interface Props {
  readonly editor: MaskEditor;
  /** Shows a slider for the mask over a picture. */
  readonly hasUnder: boolean;
  readonly onHelp: () => void;
}

export function Toolbar({ editor, hasUnder, onHelp }: Props) {
  const { tool, size, hasPiece, canUndo, canRedo, label, opacity } = useStore(
    editor.state,
    useShallow(({ tool, size, piece, canUndo, canRedo, label, opacity }) => ({
      ...{ tool, size, hasPiece: piece !== undefined, canUndo, canRedo, label, opacity },
    })),
  );
  const part = editor.nameOf(label);
  return (
    <AriaToolbar className="toolbar" aria-label="Tools">
      <ToggleButtonGroup
        className="tool-group"
        aria-label="Tool"
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[tool]}
        onSelectionChange={(keys) => {
          for (const { id } of editor.tools) if (keys.has(id)) editor.choose(id);
        }}
      >
        {editor.tools.map(({ id, title, help, key }) => (
          <Hint key={id} text={`${title}: ${help}`} keys={key.toUpperCase()}>
            <ToggleButton className="tool" id={id} aria-label={title}>
              <Icon name={id} />
            </ToggleButton>
          </Hint>
        ))}
      </ToggleButtonGroup>
      <Group className="tool-group" aria-label="Steps">
        <Action icon="undo" name="Undo" keys="Ctrl+Z" disabled={!canUndo} onPress={() => editor.undo()} />
        <Action icon="redo" name="Redo" keys="Ctrl+Shift+Z" disabled={!canRedo} onPress={() => editor.redo()} />
        {editor.keeper === undefined && <Action icon="clear" name="Clear the mask" onPress={() => editor.clear()} />}
      </Group>
      {editor.keeper === undefined && (
        <Group className="tool-group" aria-label={hasPiece ? "What is being moved" : `Part ${part}`}>
          <Action
            icon="shrink"
            name={hasPiece ? "Smaller" : `Shrink ${part}`}
            keys=","
            onPress={() => editor.shrink()}
          />
          <Action icon="grow" name={hasPiece ? "Larger" : `Grow ${part}`} keys="." onPress={() => editor.grow()} />
          <Action icon="duplicate" name="Duplicate" keys="D" disabled={!hasPiece} onPress={() => editor.duplicate()} />
          <Action icon="remove" name="Remove" keys="Delete" disabled={!hasPiece} onPress={() => editor.remove()} />
        </Group>
      )}
      <Group className="tool-group" aria-label="View">
        <Action icon="zoomOut" name="Zoom out" keys="-" onPress={() => editor.zoom(1 / 1.25)} />
        <Action icon="zoomIn" name="Zoom in" keys="+" onPress={() => editor.zoom(1.25)} />
        <Action icon="fit" name="Show all" keys="0" onPress={() => editor.fit()} />
        <Action icon="help" name="All keys" keys="?" onPress={onHelp} />
      </Group>
      <label className="range">
        Brush <output>{size} px</output>
        {/* Steps of the square root: a finger sets small sizes as well as large ones. */}
        <input
          type="range"
          min={1}
          max={Math.sqrt(LARGEST_BRUSH)}
          step={0.05}
          value={Math.sqrt(size)}
          aria-valuetext={`${size} pixels`}
          onChange={({ target }) => editor.setSize(Number(target.value) ** 2)}
        />
      </label>
      {hasUnder && (
        <label className="range">
          Mask <output>{Math.round(100 * opacity)} %</output>
          <input
            type="range"
            min={0}
            max={1}
            step={0.05}
            value={opacity}
            onChange={({ target }) => editor.setOpacity(Number(target.value))}
          />
        </label>
      )}
    </AriaToolbar>
  );
}
