import { metadataCommand } from "../objects/metadata-command.ts";

export default metadataCommand({ verb: "annotate", noun: "annotation", field: "annotations", file: "rsrc" });
