/**
 * Sets of field paths in the very form they have in `managedFields[].fieldsV1`. A node is a member of the
 * set when it is empty or has a "."; everything else in it leads further down. The sets are immutable and
 * share what they have in common, so most writes touch none of them.
 * Upstream: sigs.k8s.io/structured-merge-diff/v6/fieldpath
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

export const EMPTY_SET: FieldSet = Object.freeze({});
const MEMBER: FieldSet = EMPTY_SET;

export const isEmptySet = (set: FieldSet): boolean => {
  for (const _ in set) return false;
  return true;
};

const isMember = (node: FieldSet) => node["."] !== undefined || isEmptySet(node);

/** A node, or undefined where nothing would be in it. Elements come in upstream's order. */
function makeNode(member: boolean, children: Record<string, FieldSet>): FieldSet | undefined {
  const elements = Object.keys(children);
  if (elements.length === 0) return member ? MEMBER : undefined;
  const node: Record<string, FieldSet> = {};
  if (member) node["."] = MEMBER;
  for (const element of elements.length > 1 ? elements.sort(compareElements) : elements) node[element] = children[element] as FieldSet;
  return node;
}

/** Collects the children of one node; what is undefined is nothing. */
export class NodeBuilder {
  readonly #children: Record<string, FieldSet> = {};

  add(element: string, child: FieldSet | undefined): void {
    if (child === undefined) return;
    const known = this.#children[element];
    this.#children[element] = known ? unionNodes(known, child) : child;
  }

  build(member: boolean): FieldSet | undefined {
    return makeNode(member, this.#children);
  }
}

export const memberNode = MEMBER;

export function unionSets(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return b;
  if (isEmptySet(b)) return a;
  return unionNodes(a, b, false);
}

function unionNodes(a: FieldSet, b: FieldSet, member = isMember(a) || isMember(b)): FieldSet {
  if (a === b) return a;
  const children: Record<string, FieldSet> = { ...a };
  delete children["."];
  for (const element in b) {
    if (element === ".") continue;
    const own = children[element];
    children[element] = own ? unionNodes(own, b[element] as FieldSet) : (b[element] as FieldSet);
  }
  return makeNode(member, children) ?? EMPTY_SET;
}

/** What is in `a` and not in `b`: `a` itself when they have nothing in common. */
export function subtractSet(a: FieldSet, b: FieldSet): FieldSet {
  return subtractChildren(a, b, false, false) ?? EMPTY_SET;
}

function subtractChildren(a: FieldSet, b: FieldSet, memberOfA: boolean, memberOfB: boolean): FieldSet | undefined {
  let children: Record<string, FieldSet> | undefined;
  for (const element in b) {
    const own = element === "." ? undefined : a[element];
    if (own === undefined) continue;
    const other = b[element] as FieldSet;
    const rest = subtractChildren(own, other, isMember(own), isMember(other));
    if (rest === own) continue;
    children ??= { ...a };
    if (rest === undefined) delete children[element];
    else children[element] = rest;
  }
  if (!children && !(memberOfA && memberOfB)) return a;
  children ??= { ...a };
  delete children["."];
  return makeNode(memberOfA && !memberOfB, children);
}

export function intersectSets(a: FieldSet, b: FieldSet): FieldSet {
  return intersectNodes(a, b, false) ?? EMPTY_SET;
}

function intersectNodes(a: FieldSet, b: FieldSet, member: boolean): FieldSet | undefined {
  const children: Record<string, FieldSet> = {};
  for (const element in a) {
    const other = element === "." ? undefined : b[element];
    if (other === undefined) continue;
    const own = a[element] as FieldSet;
    const both = intersectNodes(own, other, isMember(own) && isMember(other));
    if (both) children[element] = both;
  }
  return makeNode(member, children);
}

/** Without a path and everything below it. */
export function withoutSubtree(set: FieldSet, path: readonly string[]): FieldSet {
  return dropSubtree(set, path, false) ?? EMPTY_SET;
}

function dropSubtree(node: FieldSet, path: readonly string[], member: boolean): FieldSet | undefined {
  const [element, ...rest] = path;
  if (element === undefined) return undefined;
  const child = node[element];
  if (child === undefined) return node;
  const next = rest.length === 0 ? undefined : dropSubtree(child, rest, isMember(child));
  if (next === child) return node;
  const children: Record<string, FieldSet> = { ...node };
  delete children["."];
  if (next === undefined) delete children[element];
  else children[element] = next;
  return makeNode(member, children);
}

/** What lies below an element; undefined when nothing does. */
export function childrenOf(set: FieldSet, element: string): FieldSet | undefined {
  const child = set[element];
  if (child === undefined || isEmptySet(child)) return undefined;
  for (const key in child) if (key !== ".") return child;
  return undefined;
}

export function hasElement(set: FieldSet, element: string): boolean {
  const child = set[element];
  return child !== undefined && isMember(child);
}

/** Every path as people read it: `.spec.containers[name="app"].image`. */
export function pathsOf(set: FieldSet, prefix = ""): string[] {
  const paths: string[] = [];
  for (const element of Object.keys(set)) {
    if (element === ".") continue;
    const child = set[element] as FieldSet;
    const path = prefix + renderElement(element);
    if (isMember(child)) paths.push(path);
    paths.push(...pathsOf(child, path));
  }
  return paths;
}

function renderElement(element: string): string {
  const text = element.slice(2);
  if (element.startsWith("f:")) return `.${text}`;
  if (element.startsWith("k:")) {
    const key = JSON.parse(text) as Record<string, unknown>;
    return `[${Object.keys(key)
      .sort()
      .map((name) => `${name}=${JSON.stringify(key[name])}`)
      .join(",")}]`;
  }
  return element.startsWith("v:") ? `[=${text}]` : `[${text}]`;
}

const KIND_ORDER = "fkvi";

/** Upstream: fieldpath.PathElement.Compare */
function compareElements(a: string, b: string): number {
  if (a.charCodeAt(0) !== b.charCodeAt(0)) return KIND_ORDER.indexOf(a.charAt(0)) - KIND_ORDER.indexOf(b.charAt(0));
  if (a.startsWith("f:")) return a < b ? -1 : a > b ? 1 : 0;
  if (a.startsWith("i:")) return Number(a.slice(2)) - Number(b.slice(2));
  return compareJson(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
}

function compareJson(a: unknown, b: unknown): number {
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    const left = Object.entries(a as object).sort(([x], [y]) => (x < y ? -1 : 1));
    const right = Object.entries(b as object).sort(([x], [y]) => (x < y ? -1 : 1));
    for (let index = 0; index < Math.min(left.length, right.length); index++) {
      const [nameA, valueA] = left[index] as [string, unknown];
      const [nameB, valueB] = right[index] as [string, unknown];
      if (nameA !== nameB) return nameA < nameB ? -1 : 1;
      const order = compareJson(valueA, valueB);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  if (typeof a === "number" && typeof b === "number") return a - b;
  // Numbers come before strings, strings before booleans.
  const rank = (value: unknown) => ["number", "string", "boolean"].indexOf(typeof value);
  if (typeof a !== typeof b) return rank(a) - rank(b);
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}
