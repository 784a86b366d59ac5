import { badRequest } from "./status.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** A field selector: exact comparisons, all of which must hold. Upstream: k8s.io/apimachinery/pkg/fields */
export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  get empty(): boolean {
    return this.requirements.length === 0;
  }

  /** A field that the kind does not have counts as empty. */
  matches(fields: Readonly<Record<string, string>>): boolean {
    return this.requirements.every(({ field, operator, value }) => ((fields[field] ?? "") === value) === (operator === "="));
  }

  /** The only value that the field can have, if the selector says so. */
  exact(field: string): string | undefined {
    return this.requirements.find((requirement) => requirement.field === field && requirement.operator === "=")?.value;
  }

  toString(): string {
    return this.requirements.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, "\\$&")}`).join(",");
  }
}

/** Throws StatusError 400. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const part of splitUnescaped(text)) {
    if (part === "") continue;
    const match = /^((?:[^\\=!]|\\.)*?)(==|!=|=)(.*)$/s.exec(part);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, field = "", operator, value = ""] = match;
    requirements.push({ field, operator: operator === "!=" ? "!=" : "=", value: unescape(value) });
  }
  return new FieldSelector(requirements.sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0)));
}

function splitUnescaped(text: string): string[] {
  return text.match(/(?:[^\\,]|\\.|\\$)+/gs) ?? [];
}

function unescape(value: string): string {
  return value.replace(/\\(.)?|=/gs, (found, escaped: string | undefined) => {
    if (escaped !== undefined && "\\,=".includes(escaped)) return escaped;
    if (found === "=") throw badRequest("invalid field selector: unescaped character in value: 61");
    throw badRequest(`invalid field selector: invalid escape sequence: ${found}`);
  });
}
