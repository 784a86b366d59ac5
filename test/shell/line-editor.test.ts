import assert from "node:assert/strict";
import { test } from "node:test";
import { isIncomplete } from "../../src/containers/shell/program.ts";
import { type Completion, LineEditor, type TypedCommand } from "../../src/shell/line-editor/line-editor.ts";
import { Screen } from "./screen.ts";

const LEFT = "\u001b[D";
const UP = "\u001b[A";
const DOWN = "\u001b[B";
const paste = (text: string) => `\u001b[200~${text}\u001b[201~`;
const settled = () => new Promise((resolve) => setImmediate(resolve));

interface Setting {
  readonly history?: string[];
  readonly screen?: Screen;
  complete?(line: string): Promise<Completion>;
}

function start({ history = [], screen = new Screen(), complete }: Setting = {}) {
  const editor = new LineEditor({
    terminal: screen,
    history,
    isIncomplete,
    complete: complete ?? (() => Promise.resolve({ start: 0, candidates: [] })),
  });
  const read = async (prompt = "> ") => editor.read(prompt);
  return { screen, editor, read };
}

/** What comes of the keys at one prompt. */
async function typed(keys: string, setting: Setting = {}): Promise<TypedCommand> {
  const { screen, read } = start(setting);
  const command = read();
  screen.type(keys);
  return command;
}

const candidates = (...texts: string[]) => texts.map((text) => ({ text, label: text, end: " " }));

test("Enter hands over the line, and what is typed behind it waits for the next prompt", async () => {
  const { screen, read } = start();
  const first = read();
  screen.type("get po\rget svc\rget");
  assert.equal(await first, "get po");
  assert.equal(await read(), "get svc");
  const third = read();
  screen.type(" no\r");
  assert.equal(await third, "get no");
});

test("the keys are bash's", async () => {
  for (const [keys, line] of [
    ["b\u0001a\u0005c\r", "abc"],
    ["one two\u0017three\r", "one three"],
    ["one/two\u001b\u007fthree\r", "one/three"],
    ["abc\u0015def\r", "def"],
    ["abc def\u001bb\u000bxyz\r", "abc xyz"],
    ["abc def\u001bb\u000b\u0001\u0019\r", "defabc "],
    ["abc\u007f\u0008d\r", "ad"],
    ["ab\u0014\r", "ba"],
    ["abc\u0015\u001f\r", "abc"],
    [`ac${LEFT}b\r`, "abc"],
    ["abc\u001b[H\u001b[3~\r", "bc"],
    ["abc\u0001\u0004\r", "bc"],
    ["one two\u0001\u001bd\r", " two"],
    ["one two\u001b[1;5D\u001b[1;5DX\r", "Xone two"],
    ["get po\u0003", null],
    ["\u0004", undefined],
    ["wörld你好\u007f\u007f\r", "wörld"],
    ["a👩‍👩‍👧\u007fb\r", "ab"],
    ["x\u001b[99~y\u001bOHz\r", "zxy"],
  ] as const)
    assert.equal(await typed(keys), line, JSON.stringify(keys));
});

test("a key in two chunks is one key", async () => {
  const { screen, read } = start();
  const command = read();
  for (const byte of Buffer.from(`aé${LEFT}c\r`)) screen.type(Buffer.from([byte]));
  assert.equal(await command, "acé");
});

test("history goes up and down, keeps what was being typed, and shows what another shell command has added", async () => {
  const history = ["one", "two"];
  const { screen, read } = start({ history });
  let command = read();
  screen.type(`draft${UP}${UP}${DOWN}${DOWN}\r`);
  assert.equal(await command, "draft");
  history.push("three");
  command = read();
  screen.type(`${UP}\r`);
  assert.equal(await command, "three");
  assert.equal(await typed(`${UP}${UP}${UP}${UP}\r`, { history }), "one");
  assert.equal(await typed("x \u001b.\r", { history: ["get pods -A"] }), "x -A");
});

test("Ctrl-R finds the newest that has the letters, then older ones", async () => {
  const history = ["get pods", "get nodes", "logs web", "get pods"];
  assert.equal(await typed("\u0012get\r", { history }), "get pods");
  assert.equal(await typed("\u0012get\u0012\r", { history }), "get nodes");
  assert.equal(await typed("\u0012no\u0005 -A\r", { history }), "get nodes -A");
  assert.equal(await typed("draft\u0012logs\u0007!\r", { history }), "draft!");
  const { screen, read } = start({ history });
  void read();
  screen.type("\u0012ge");
  assert.equal(screen.atCursor, "(reverse-i-search)'ge': get pods|");
  screen.type("x");
  assert.equal(screen.atCursor, "(failed reverse-i-search)'gex': get pods|");
});

test("a command goes on until it is whole, and its lines can all be edited", async () => {
  const { screen, read } = start();
  const command = read();
  screen.type("cat <<E\rX\r");
  assert.deepEqual(screen.lines, ["> cat <<E", "> X", ">"]);
  screen.type(`${UP}Y\r`);
  screen.type("E\r");
  assert.equal(await command, "cat <<E\nYX\n\nE");
  assert.equal(await typed("for i in a b\rdo echo $i\rdone\r"), "for i in a b\ndo echo $i\ndone");
  assert.equal(await typed("echo 'a\rb'\r"), "echo 'a\nb'");
  assert.equal(await typed("cat <<< word\r"), "cat <<< word");
  assert.equal(await typed("echo $((1<<2)) 'a << b'\r"), "echo $((1<<2)) 'a << b'");
  assert.equal(await typed("cat <<A <<B\ra\rA\rb\rB\r"), "cat <<A <<B\na\nA\nb\nB");
  assert.equal(await typed("apply -f - <<E\rkind: Pod\r\u0003"), null);
});

test("a paste of many lines is one command, whatever letters it has", async () => {
  assert.equal(await typed(`${paste("get po\r\nget\tsvc\u0003\n")}\r`), "get po\nget\tsvc\u0003");
  const { screen, read } = start();
  void read();
  screen.type(paste("a\tb\u001bc\nd"));
  assert.deepEqual(screen.lines, ["> a    b^[c", "> d"]);
});

test("long lines wrap, and what is changed in their middle is painted anew", () => {
  const { screen, read } = start({ screen: new Screen(10, 6) });
  void read();
  screen.type("0123456789abcdef");
  assert.deepEqual(screen.lines, ["> 01234567", "89abcdef"]);
  screen.type("\u0001X");
  assert.deepEqual(screen.lines, ["> X0123456", "789abcdef"]);
  assert.equal(screen.atCursor, "> X|0123456");
  screen.type("\u0005\u0017");
  assert.deepEqual(screen.lines, [">"]);
  screen.type("12345678");
  assert.equal(screen.atCursor, "|");
  screen.type("你好");
  assert.deepEqual(screen.lines, ["> 12345678", "你好"]);
});

test("a line that is taller than the screen shows the rows around the cursor", () => {
  const { screen, read } = start({ screen: new Screen(10, 3) });
  void read();
  screen.type(paste("1\n2\n3\n4\n5"));
  assert.deepEqual(screen.lines.slice(-3), ["> 3", "> 4", "> 5"]);
  screen.type(UP.repeat(4));
  assert.deepEqual(screen.lines.slice(-3), ["> 1", "> 2", "> 3"]);
});

test("at another width the line is where it was", () => {
  const { screen, read } = start({ screen: new Screen(30, 10) });
  void read();
  screen.type("0123456789 0123456789");
  screen.resize(12);
  assert.deepEqual(screen.lines, ["> 0123456789", " 0123456789"]);
  screen.resize(30);
  assert.deepEqual(screen.lines.slice(-1), ["> 0123456789 0123456789"]);
});

test("the prompt begins a row of its own behind output without a newline", () => {
  const screen = new Screen(20, 5);
  const { read } = start({ screen });
  screen.write("value");
  void read();
  screen.type("x");
  assert.deepEqual(screen.lines, ["value", "> x"]);
});

test("Tab completes what is clear, and lists what is not", async () => {
  const screen = new Screen(30, 10);
  const complete = (line: string) =>
    Promise.resolve({
      start: line.lastIndexOf(" ") + 1,
      candidates: candidates("coredns-1", "coredns-2", "etcd").filter(({ text }) => text.startsWith(line.split(" ").at(-1) ?? "")),
    });
  const { read } = start({ screen, complete });
  const command = read();
  screen.type("get co\t");
  await settled();
  assert.equal(screen.atCursor, "> get coredns-|");
  screen.type("\t");
  await settled();
  assert.deepEqual(screen.lines, ["> get coredns-", "coredns-1  coredns-2", "> get coredns-"]);
  screen.type("2\t");
  await settled();
  assert.equal(screen.atCursor, "> get coredns-2 |");
  screen.type("x\t");
  await settled();
  assert.equal(screen.bells, 1);
  screen.type("\r");
  assert.equal(await command, "get coredns-2 x");
});

test("keys that are typed while a completion is on its way wait for it: two Tabs do not complete twice", async () => {
  const asked: string[] = [];
  const answers: ((completion: Completion) => void)[] = [];
  const complete = (line: string) => (asked.push(line), new Promise<Completion>((resolve) => answers.push(resolve)));
  const { screen, read } = start({ complete });
  const command = read();
  screen.type("get po co\t\tx\r");
  await settled();
  assert.deepEqual(asked, ["get po co"]);
  answers.shift()?.({ start: 7, candidates: candidates("coredns-1", "coredns-2") });
  await settled();
  assert.deepEqual(asked, ["get po co", "get po coredns-"]);
  answers.shift()?.({ start: 7, candidates: candidates("coredns-1", "coredns-2") });
  assert.equal(await command, "get po coredns-x");
});

test("Ctrl-C does not wait for a completion, and an answer that comes too late changes nothing", async () => {
  let answer: ((completion: Completion) => void) | undefined;
  const complete = () => new Promise<Completion>((resolve) => (answer = resolve));
  const { screen, read } = start({ complete });
  const first = read();
  screen.type("get \tpods\u0003");
  assert.equal(await first, null);
  const second = read();
  screen.type("echo");
  answer?.({ start: 4, candidates: candidates("nodes") });
  await settled();
  screen.type("\r");
  assert.equal(await second, "echo");
});

test("a completion that fails only rings no bell; candidates beyond the screen are counted", async () => {
  const screen = new Screen(20, 6);
  let fail = true;
  const many = Array.from({ length: 50 }, (_, index) => `pod-${index + 10}`);
  const complete = () => (fail ? Promise.reject(new Error("no server")) : Promise.resolve({ start: 2, candidates: candidates(...many) }));
  const { read } = start({ screen, complete });
  void read();
  screen.type("a \t");
  await settled();
  assert.deepEqual(screen.lines, ["> a"]);
  fail = false;
  screen.type("pod-\t");
  await settled();
  assert.deepEqual(screen.lines.slice(-5), ["pod-10  pod-11", "pod-12  pod-13", "pod-14  pod-15", "... 44 more", "> a pod-"]);
});
