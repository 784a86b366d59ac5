import { metadataCommand } from "../objects/metadata-command.ts";

export default metadataCommand({ verb: "label", noun: "label", field: "labels", file: "pod" });
