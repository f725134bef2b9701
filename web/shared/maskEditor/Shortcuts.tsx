import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { SHORTCUTS } from "./shortcuts.ts";

interface Props {
  readonly isOpen: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** All keys of the editor. */
export function Shortcuts({ isOpen, onOpenChange }: Props) {
  return (
    <ModalOverlay className="modal-shade" isOpen={isOpen} onOpenChange={onOpenChange} isDismissable>
      <Modal className="modal">
        <Dialog className="shortcuts">
          <Heading slot="title">Keys of the mask editor</Heading>
          <dl>
            {SHORTCUTS.map(({ keys, help }) => (
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
