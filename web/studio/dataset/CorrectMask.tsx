/** A photo's mask, to be corrected with the brush. */
import { useState } from "react";
import { Button, Dialog, DialogTrigger, Modal, ModalOverlay } from "react-aria-components";
import type { Dataset } from "../../../src/studio/api.ts";
import { MaskEditor } from "../../shared/maskEditor/editor.ts";
import { MaskEditorView } from "../../shared/maskEditor/MaskEditorView.tsx";
import { readMask } from "../../shared/maskEditor/maskFile.ts";
import { ask } from "../client.ts";
import { useStudio } from "../studio.tsx";

interface Props {
  readonly at: string;
  readonly sample: Dataset["samples"][number];
  readonly classes: Dataset["classes"];
  readonly onSaved: () => void;
}

interface Opened {
  readonly editor: MaskEditor;
  readonly under: ImageBitmap;
}

export function CorrectButton({ at, sample, classes, onSaved }: Props) {
  const studio = useStudio();
  const [opened, setOpened] = useState<Opened | null>(null);
  const open = async (): Promise<void> => {
    const [mask, picture] = await Promise.all(
      [sample.maskUrls[0], sample.imageUrl].map((url) => fetch(url, { cache: "no-cache" })),
    );
    if (!mask.ok || !picture.ok) throw new Error(`${sample.name} or its mask is not there any more.`);
    const under = await createImageBitmap(await picture.blob());
    setOpened({
      editor: new MaskEditor({ mask: readMask(new Uint8Array(await mask.arrayBuffer()), classes), classes }),
      under,
    });
  };
  const save = async (close: () => void): Promise<void> => {
    if (!opened) return;
    await ask("saveMask", { at, name: sample.name }, opened.editor.edit.data.slice());
    studio.say(`The mask of ${sample.name} is saved.`);
    close();
    onSaved();
  };
  return (
    <DialogTrigger onOpenChange={(isOpen) => (isOpen ? open().catch(studio.fail) : setOpened(null))}>
      <Button className="quiet">Correct</Button>
      <ModalOverlay className="modal-overlay">
        <Modal className="modal">
          <Dialog className="dialog" aria-label={`Correct the mask of ${sample.name}`}>
            {({ close }) => (
              <>
                <div className="dialog-head">
                  <h2>{sample.name}</h2>
                  <button type="button" onClick={close}>
                    Cancel
                  </button>
                  <button type="button" className="primary" onClick={() => save(close).catch(studio.fail)}>
                    Save
                  </button>
                </div>
                {opened ? <MaskEditorView editor={opened.editor} under={opened.under} /> : <p>Opening…</p>}
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
