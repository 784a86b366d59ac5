/** What was typed: text as it is, a paste, or a key by its name (`left`, `ctrl-a`, `alt-b`). */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "key"; readonly name: string };

const PASTE_BEGINS = "\u001b[200~";
const PASTE_ENDS = "\u001b[201~";

const CONTROL_SEQUENCES: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  Z: "back-tab",
  "1~": "home",
  "3~": "delete",
  "4~": "end",
  "7~": "home",
  "8~": "end",
  "1;3C": "alt-f",
  "1;3D": "alt-b",
  "1;5C": "alt-f",
  "1;5D": "alt-b",
  "5C": "alt-f",
  "5D": "alt-b",
  "3;3~": "alt-d",
  "3;5~": "alt-d",
};

/** Turns what a terminal sends into keys; bytes of one key may come in several chunks. */
export class KeyDecoder {
  readonly #decoder = new TextDecoder();
  #rest = "";

  decode(bytes: Uint8Array): Key[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const keys: Key[] = [];
    for (let key = this.#next(); key !== undefined; key = this.#next()) keys.push(key);
    return keys;
  }

  /** Undefined: nothing more, or the beginning of something only. */
  #next(): Key | undefined {
    const rest = this.#rest;
    if (rest === "") return undefined;
    if (rest.startsWith("\u001b")) return this.#escaped();
    const text = /^[^\u0000-\u001f\u007f]+/.exec(rest)?.[0];
    if (text !== undefined) return this.#take(text.length, { kind: "text", text });
    return this.#take(1, { kind: "key", name: controlName(rest.charCodeAt(0)) });
  }

  #escaped(): Key | undefined {
    const rest = this.#rest;
    if (rest.startsWith(PASTE_BEGINS)) {
      const end = rest.indexOf(PASTE_ENDS);
      if (end < 0) return undefined;
      const text = rest.slice(PASTE_BEGINS.length, end).replace(/\r\n?/g, "\n");
      return this.#take(end + PASTE_ENDS.length, { kind: "paste", text });
    }
    const sequence = /^\u001b(?:\[([0-?]*[ -/]*[@-~])|O([A-Z]))/.exec(rest);
    if (sequence)
      return this.#take(sequence[0].length, { kind: "key", name: CONTROL_SEQUENCES[sequence[1] ?? sequence[2] ?? ""] ?? "unknown" });
    if (/^\u001b(?:$|\[[0-?]*[ -/]*$|O$)/.test(rest)) return undefined;
    const code = rest.charCodeAt(1);
    const name = code < 0x20 || code === 0x7f ? controlName(code) : rest.charAt(1).toLowerCase();
    return this.#take(2, { kind: "key", name: `alt-${name}` });
  }

  #take(length: number, key: Key): Key {
    this.#rest = this.#rest.slice(length);
    return key;
  }
}

function controlName(code: number): string {
  switch (code) {
    case 0x7f:
    case 0x08:
      return "backspace";
    case 0x09:
      return "tab";
    case 0x0a:
    case 0x0d:
      return "enter";
    case 0x1b:
      return "escape";
    case 0x1f:
      return "ctrl-_";
    default:
      return `ctrl-${String.fromCharCode(code + 0x60)}`;
  }
}
