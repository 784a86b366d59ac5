/** Words that no identifier may be. Upstream: apiserver/pkg/cel/escaping.go, cel-go/parser reservedIds and the literals */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  "as break const continue else for function if import let loop package namespace return var void while in true false null".split(" "),
);
