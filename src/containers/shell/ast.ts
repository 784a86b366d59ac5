/** A shell script as the parser leaves it. */
export type WordPart =
  | { readonly kind: "text"; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: "parameter";
      readonly name: string;
      readonly index?: Word;
      readonly length: boolean;
      readonly indirect: boolean;
      readonly operator?: string;
      readonly argument?: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: "command"; readonly source: string; readonly quoted: boolean }
  | { readonly kind: "arithmetic"; readonly expression: Word; readonly quoted: boolean };

export type Word = readonly WordPart[];

export interface Redirect {
  readonly fd: number;
  /** `<` `>` `>>` `>|` `<>` `<&` `>&` `&>` `&>>` `<<` `<<<` */
  readonly operator: string;
  readonly target: Word;
}

export interface Assignment {
  readonly name: string;
  readonly index?: Word;
  readonly append: boolean;
  readonly value: Word;
  readonly array?: readonly Word[];
}

export type Command =
  | {
      readonly kind: "simple";
      readonly assignments: readonly Assignment[];
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
      readonly line: number;
    }
  | { readonly kind: "subshell" | "group"; readonly body: List; readonly redirects: readonly Redirect[] }
  | {
      readonly kind: "if";
      readonly branches: readonly { readonly condition: List; readonly body: List }[];
      readonly otherwise?: List;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: "loop";
      readonly until: boolean;
      readonly condition: List;
      readonly body: List;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly words?: readonly Word[];
      readonly body: List;
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: "count"; readonly parts: readonly [Word, Word, Word]; readonly body: List; readonly redirects: readonly Redirect[] }
  | {
      readonly kind: "case";
      readonly word: Word;
      readonly clauses: readonly { readonly patterns: readonly Word[]; readonly body: List; readonly end: string }[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: "condition"; readonly words: readonly Word[]; readonly redirects: readonly Redirect[] }
  | { readonly kind: "arithmetic"; readonly expression: Word; readonly redirects: readonly Redirect[] }
  | { readonly kind: "function"; readonly name: string; readonly body: Command; readonly redirects: readonly Redirect[] };

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: "&&" | "||"; readonly pipeline: Pipeline }[];
  readonly background: boolean;
  readonly source: string;
}

export type List = readonly AndOr[];
