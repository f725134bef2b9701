/** Errors whose message is written for users; others are defects, and are shown with where they come from. */
const FOR_USERS = new Set([
  "CheckpointError",
  "GeneratorError",
  "OnnxError",
  "ProjectError",
  "RangeError",
  "RuntimeError",
  "TrainingError",
]);

/** Whether an error says by itself what is wrong and what to do. */
export const isForUsers = ({ name }: Error): boolean => FOR_USERS.has(name);
