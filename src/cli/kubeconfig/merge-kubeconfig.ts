import { isMap, isSeq, parseDocument, type Document, type YAMLSeq } from "yaml";
import type { KubeConfig } from "./kubeconfig.ts";

/** Puts the entries of `added` into a kubeconfig's text and makes its context the current one; all else, comments too, stays as it is written. */
export function mergeIntoText(text: string, added: KubeConfig): string {
  const document = parseDocument(text.trim() === "" ? "apiVersion: v1\nkind: Config\n" : text);
  const [error] = document.errors;
  if (error) throw new Error(error.message);
  if (!isMap(document.contents)) throw new Error("it is no kubeconfig");
  for (const field of ["clusters", "contexts", "users"] as const)
    for (const entry of added[field] ?? []) put(document, sequenceOf(document, field), entry);
  document.set("current-context", added["current-context"] ?? "");
  return document.toString({ lineWidth: 0, indentSeq: false });
}

function sequenceOf(document: Document, field: string): YAMLSeq {
  const present = document.get(field);
  if (isSeq(present) && present.items.length > 0) {
    present.flow = false;
    return present;
  }
  const made = document.createNode([]);
  made.flow = false;
  document.set(field, made);
  return made;
}

function put(document: Document, sequence: YAMLSeq, entry: { readonly name: string }): void {
  const at = sequence.items.findIndex((item) => isMap(item) && item.get("name") === entry.name);
  const node = document.createNode(entry);
  if (at < 0) sequence.items.push(node);
  else sequence.items[at] = node;
}
