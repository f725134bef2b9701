import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import type { MaskEditor } from "./editor.ts";
import { shortcutsOf } from "./shortcuts.ts";

interface Props {
  readonly editor: MaskEditor;
  readonly isOpen: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** All keys of the editor. */
export function Shortcuts({ editor, isOpen, onOpenChange }: Props) {
  return (
    <ModalOverlay className="keys-shade" isOpen={isOpen} onOpenChange={onOpenChange} isDismissable>
      <Modal className="keys">
        <Dialog className="shortcuts">
          <Heading slot="title">Keys of the mask editor</Heading>
          <dl>
            {shortcutsOf(editor).map(({ keys, help }) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{help}</dd>
              </div>
            ))}
          </dl>
          <Button slot="close">Close</Button>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
