import { useEffect, useRef } from "react";
import { Button } from "react-aria-components";
import type { PaintClass } from "../maskEditor/editor.ts";
import { colorTable } from "../maskEditor/maskImage.ts";
import type { Scene } from "./PaintView.tsx";

interface Props {
  readonly scenes: readonly Scene[];
  readonly classes: readonly PaintClass[];
  readonly onChoose: (scene: Scene) => void;
}

/** Masks to begin with, each as its colours. */
export function Scenes({ scenes, classes, onChoose }: Props) {
  if (scenes.length === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset brings a frame and a legend
    <div className="scenes" role="group" aria-label="Example scenes">
      {scenes.map((scene) => (
        <Button key={scene.name} className="scene" aria-label={scene.name} onPress={() => onChoose(scene)}>
          <MaskThumbnail scene={scene} classes={classes} />
        </Button>
      ))}
    </div>
  );
}

function MaskThumbnail({
  scene: { mask },
  classes,
}: {
  readonly scene: Scene;
  readonly classes: readonly PaintClass[];
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const image = new ImageData(mask.width, mask.height);
    const pixels = new Uint32Array(image.data.buffer);
    const colors = colorTable(classes);
    for (const [i, label] of mask.data.entries()) pixels[i] = colors[label];
    canvas.current!.getContext("2d")!.putImageData(image, 0, 0);
  }, [mask, classes]);
  return <canvas ref={canvas} width={mask.width} height={mask.height} />;
}
