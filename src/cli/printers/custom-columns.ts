import { escapedForTerminal } from "./terminal.ts";
import { tableWriter } from "./tab-writer.ts";
import { FailedPrinting, messageOf } from "../errors.ts";
import { goValue } from "../../api/go-value.ts";
import { findValues, relaxedPath } from "../../api/json-path.ts";

export interface CustomColumn {
  readonly header: string;
  readonly path: string;
}

/** `NAME:.metadata.name,IMAGE:.spec.containers[0].image`. Upstream: k8s.io/kubectl/pkg/cmd/get/customcolumn.go */
export function parseCustomColumns(spec: string): CustomColumn[] {
  if (spec === "") throw new Error("custom-columns format specified but no custom columns given");
  return spec.split(",").map((part) => {
    const colon = part.indexOf(":");
    if (colon < 0) throw new Error(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return { header: part.slice(0, colon), path: relaxedPath(part.slice(colon + 1)) };
  });
}

/** A file with the headers in its first line and the paths in its second. */
export function parseCustomColumnsFile(text: string): CustomColumn[] {
  const [headers, paths] = text.split("\n").map((line) =>
    line
      .trim()
      .split(/\s+/)
      .filter((word) => word !== ""),
  );
  const expected = "Expected format is one line of space separated headers, one line of space separated column specs.";
  if (text === "" || !headers) throw new Error(`invalid template, missing header line. ${expected}`);
  if (!paths) throw new Error(`invalid template, missing spec line. ${expected}`);
  if (headers.length !== paths.length)
    throw new Error(`number of headers (${headers.length}) and field specifications (${paths.length}) don't match`);
  return headers.map((header, index) => ({ header, path: relaxedPath(paths[index] ?? "") }));
}

export function renderCustomColumns(columns: readonly CustomColumn[], objects: readonly unknown[], headers: boolean): string {
  const lines = headers ? [columns.map(({ header }) => header).join("\t")] : [];
  const text = () => lines.map((line) => `${line}\n`).join("");
  try {
    for (const object of objects) lines.push(columns.map(({ path }) => cell(path, object)).join("\t"));
  } catch (error) {
    throw new FailedPrinting(messageOf(error), tableWriter().render(text()));
  }
  return text();
}

function cell(path: string, object: unknown): string {
  const values = findValues(path, object, true);
  return values.length === 0 ? "<none>" : escapedForTerminal(values.map((value) => goValue(value)).join(","));
}
