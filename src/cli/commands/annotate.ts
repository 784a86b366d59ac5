import { metadataCommand } from "../metadata-command.ts";

export default metadataCommand({
  field: "annotations",
  noun: "annotation",
  done: "annotated",
  undone: "annotated",
  unchanged: "annotated",
  manager: "kubectl-annotate",
});
