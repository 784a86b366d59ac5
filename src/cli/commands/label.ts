import { metadataCommand } from "../metadata-command.ts";

export default metadataCommand({
  field: "labels",
  noun: "label",
  done: "labeled",
  undone: "unlabeled",
  unchanged: "not labeled",
  manager: "kubectl-label",
});
