import { expect, it } from "vitest";
import { operatorCosts } from "../../../src/project/train/gan/profile.ts";

it("operatorCosts() sums kernels by operator over all sessions, per step", () => {
  const kernel = (op_name: string, dur: number) => ({ cat: "Node", name: "n_kernel_time", dur, args: { op_name } });
  const first = [
    { cat: "Session", name: "model_run", dur: 99_000 },
    kernel("Conv", 3000),
    kernel("Mul", 500),
    { ...kernel("Conv", 70), name: "n_fence_before" },
  ];
  const second = [kernel("Conv", 1000), kernel("Mul", 500), kernel("Mul", 3500)];
  expect(operatorCosts([JSON.stringify(first), JSON.stringify(second)], 2)).toEqual([
    { operator: "Mul", calls: 1.5, milliseconds: 2.25 },
    { operator: "Conv", calls: 1, milliseconds: 2 },
  ]);
});
