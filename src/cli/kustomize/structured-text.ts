import { type Document, isCollection, isMap as isYamlMap, isScalar, isSeq, type Node } from "yaml";
import { renderJson, sortKeys } from "../../api/go-json.ts";
import { lookUp, matchPath, type NodeKind } from "./field-path.ts";
import type { Field } from "./field-specs.ts";
import { parseText, resolveScalar } from "./parse.ts";
import { isMap, textOf } from "./values.ts";

/**
 * Sets a value inside of a text that is YAML or JSON itself: the path leads to the text and on. False when it leads to no such text.
 * Upstream: kustomize/api/filters/replacement setValueInStructuredData
 */
export function setInText(root: Field, value: unknown, path: readonly string[], create: NodeKind | undefined): boolean {
  for (let length = 1; length < path.length; length++) {
    const field = textField(root, path.slice(0, length));
    if (field === undefined) continue;
    const changed = changedText(textOf(field.value), value, path.slice(length), create);
    if (changed === undefined) return false;
    field.set(changed);
    return true;
  }
  return false;
}

function textField(root: Field, path: readonly string[]): Field | undefined {
  let field: Field | undefined;
  try {
    field = lookUp(root, path);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
  return field === undefined || field.value === null || typeof field.value === "object" || !parsed(textOf(field.value)) ? undefined : field;
}

function parsed(text: string): Document.Parsed | undefined {
  try {
    return parseText(text);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function changedText(text: string, value: unknown, path: readonly string[], create: NodeKind | undefined): string | undefined {
  const document = parsed(text);
  if (!document) return undefined;
  const data: unknown = document.toJS();
  let changes: readonly (readonly [Field, unknown])[];
  try {
    const fields = matchPath({ value: data, set: () => undefined }, path, create);
    if (!fields) return undefined;
    changes = fields.map((field) => [
      field,
      isMap(field.value) || Array.isArray(field.value) ? value : scalarText(field.value, value, field.isNew),
    ]);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
  for (const [field, next] of changes) field.set(structuredClone(next));
  if (/^\s*[{[]/.test(text)) return renderJson(sortKeys(data), text.includes("\n") && text.includes("  ") ? 2 : 0);
  update(document, document.contents, data);
  return document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false, minContentWidth: 0 }).trim();
}

/** Texts stay texts; all else is read anew. */
const scalarText = (old: unknown, value: unknown, isNew = false): unknown =>
  typeof old === "string" && !isNew ? textOf(value) : resolveScalar(textOf(value));

/** Brings the changes into the document, whose order, comments and quotes stay. */
function update(document: Document.Parsed, node: Node | null, data: unknown): void {
  if (isYamlMap(node) && isMap(data))
    for (const [key, value] of Object.entries(data)) {
      const child = node.get(key, true) as Node | undefined;
      if (child === undefined || isCollection(child) !== (typeof value === "object" && value !== null))
        node.set(key, document.createNode(value));
      else if (isScalar(child)) setScalar(child, value);
      else update(document, child, value);
    }
  else if (isSeq(node) && Array.isArray(data))
    for (const [index, value] of data.entries()) {
      const child = node.get(index, true) as Node | undefined;
      if (child === undefined || isCollection(child) !== (typeof value === "object" && value !== null))
        node.set(index, document.createNode(value));
      else if (isScalar(child)) setScalar(child, value);
      else update(document, child, value);
    }
}

function setScalar(node: { value: unknown; source?: string }, value: unknown): void {
  if (node.value === value) return;
  node.value = value;
  delete node.source;
}
