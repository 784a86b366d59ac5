import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ClusterCertificates } from "../../../src/daemon/certificates.ts";
import { ROOT } from "../../support/e2e.ts";
import { type Case, type CaseGroup, splitWords } from "./case.ts";
import { compareOutcomes, difference } from "./compare.ts";
import { ConformanceCluster, newCertificates } from "./conformance-cluster.ts";
import { maskLog } from "./mask-log.ts";
import { type Client, kubectl, kubesim, type Outcome, readFolder, runClient } from "./run-client.ts";
import { stateDifference } from "./stored-state.ts";

const FIXTURES = path.join(ROOT, "test/conformance/cli/fixtures");
const AT_ONCE = 2;
// What the fixtures are given to come to rest: back-offs, jobs that end, probes that fail.
const FIXTURES_SETTLE_MS = 120_000;
const RESTART_SETTLE_MS = 30_000;

export interface CaseResult {
  readonly group: string;
  readonly command: string;
  /** "" when both agree. */
  readonly difference: string;
  readonly differs?: string | undefined;
}

/** Two places that are alike: one for each client. */
interface Side {
  readonly client: Client;
  readonly cluster: ConformanceCluster;
  readonly folder: string;
}
type Sides = readonly [Side, Side];

/** Runs groups of cases and says how each went. */
export class Suite {
  readonly #root = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-conformance-"));
  #certificates: ClusterCertificates | undefined;
  #shared: ConformanceCluster | undefined;
  #counter = 0;

  /** @param filter only the cases whose command contains it */
  async run(group: CaseGroup, filter = "", report: (result: CaseResult) => void = () => undefined): Promise<CaseResult[]> {
    const cases = group.cases
      .map((each) => (typeof each === "object" ? each : { command: each }))
      .filter((each) => textOf(each).includes(filter));
    if (cases.length === 0) return [];
    let sides = await this.#sides(group);
    const results: CaseResult[] = [];
    const pending = [...cases.entries()];
    const work = async () => {
      for (let next = pending.shift(); next; next = pending.shift()) {
        const [index, each] = next;
        const result = {
          group: group.name,
          command: textOf(each),
          differs: each.differs,
          difference: await this.#runCase(each, sides, group.mode),
        };
        results[index] = result;
        report(result);
        if (group.mode === "write") sides = await this.#alike(sides);
      }
    };
    await Promise.all(Array.from({ length: group.mode === "read" ? AT_ONCE : 1 }, work));
    const own = new Set(sides.map(({ cluster }) => cluster).filter((cluster) => cluster !== this.#shared));
    await Promise.all([...own].map((cluster) => cluster.stop()));
    return results;
  }

  async close(): Promise<void> {
    await this.#shared?.stop();
    fs.rmSync(this.#root, { recursive: true, force: true });
  }

  async #sides(group: CaseGroup): Promise<Sides> {
    const fixtures = group.fixtures ?? (group.mode === "read" ? ALL_FIXTURES() : []);
    const [a, b] = ["a", "b"].map((name) => path.join(this.#root, name));
    const side = (client: Client, cluster: ConformanceCluster, folder = ""): Side => {
      for (const each of ["work", "home", "cache"]) fs.mkdirSync(path.join(folder, each), { recursive: true });
      return { client, cluster, folder };
    };
    if (group.mode === "read" && !group.fixtures) {
      this.#shared ??= await this.#startCluster(fixtures);
      return [side(kubectl(), this.#shared, a), side(kubesim(), this.#shared, b)];
    }
    const first = await this.#startCluster(fixtures);
    const second = group.mode === "read" ? first : await this.#startCluster(fixtures);
    return [side(kubectl(), first, a), side(kubesim(), second, b)];
  }

  async #startCluster(fixtures: readonly string[]): Promise<ConformanceCluster> {
    this.#certificates ??= await newCertificates();
    const cluster = await ConformanceCluster.start(path.join(this.#root, `cluster-${++this.#counter}`), this.#certificates);
    const place = { client: kubectl(), cluster, folder: path.join(this.#root, "fixtures") };
    for (const each of ["home", "cache"]) fs.mkdirSync(path.join(place.folder, each), { recursive: true });
    for (const name of fixtures) {
      const file = path.join(FIXTURES, `${name}.yaml`);
      const outcome = await runClient(place.client, { args: ["create", "-f", file], folder: place.folder, env: environment(place, {}) });
      if (outcome.status !== 0) throw new Error(`the fixtures of ${name} were refused: ${outcome.stderr}`);
      await cluster.pass(1000);
    }
    if (fixtures.length > 0) await cluster.pass(FIXTURES_SETTLE_MS);
    return cluster;
  }

  /** Two sides that are in the same state: after a case that told them apart, kubesim's cluster and kubectl's go on from what kubectl made. */
  async #alike(sides: Sides): Promise<Sides> {
    const [a, b] = sides;
    const sameTime = a.cluster.clock.now() === b.cluster.clock.now();
    if (sameTime && a.cluster.state.sameVersions(b.cluster.state) && stateDifference(a.cluster, b.cluster) === "") {
      await countAlike(sides);
      return sides;
    }
    const past = { state: a.cluster.state, nowMs: Math.max(a.cluster.clock.now(), b.cluster.clock.now()) };
    const certificates = (this.#certificates ??= await newCertificates());
    const again = async (side: Side): Promise<Side> => {
      const cluster = await ConformanceCluster.start(path.join(this.#root, `cluster-${++this.#counter}`), certificates, past);
      return { ...side, cluster };
    };
    const fresh: Sides = [await again(a), await again(b)];
    await Promise.all(sides.map(({ cluster }) => cluster.stop()));
    await alignTime(fresh, RESTART_SETTLE_MS);
    await countAlike(fresh);
    return fresh;
  }

  async #runCase(each: Case, sides: Sides, mode: CaseGroup["mode"]): Promise<string> {
    const folder = `${++this.#counter}`.padStart(4, "0");
    const outcomes = await this.#bothRun(each, sides, folder);
    const parts = [compareOutcomes(outcomes[0], outcomes[1], each.compare ?? "exact")];
    const [theirs, ours] = sides.map((side) => path.join(side.folder, "work", folder));
    if (each.files && theirs && ours) parts.push(difference("files", filesText(theirs, sides[0]), filesText(ours, sides[1])));
    if (mode === "write") {
      if (each.clock || each.settleMs) await alignTime(sides, each.settleMs ?? 0);
      if (each.state !== "timed") parts.push(stateDifference(sides[0].cluster, sides[1].cluster));
    }
    return parts.filter((part) => part !== "").join("\n");
  }

  async #bothRun(each: Case, sides: Sides, name: string): Promise<[Outcome, Outcome]> {
    const run = async (side: Side): Promise<Outcome> => {
      const folder = path.join(side.folder, "work", name);
      fs.mkdirSync(folder, { recursive: true });
      for (const [file, text] of Object.entries(each.files ?? {})) {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), text.replaceAll("$DIR", folder).replaceAll("$PORT", String(side.cluster.port)));
      }
      const substitute = (text: string) =>
        text.replaceAll("$DIR", folder).replaceAll("$KUBECONFIG", side.cluster.kubeconfig).replaceAll("$PORT", String(side.cluster.port));
      const env = environment(side, Object.fromEntries(Object.entries(each.env ?? {}).map(([key, value]) => [key, substitute(value)])));
      for (const line of each.setup ?? []) {
        const outcome = await runClient(kubectl(), { args: splitWords(substitute(line)), folder, env });
        if (outcome.status !== 0) throw new Error(`setup ${line}: ${outcome.stderr}`);
      }
      if ((each.setup ?? []).length > 0) await side.cluster.pass(each.settleMs ?? 0);
      const args = (typeof each.command === "string" ? splitWords(each.command) : each.command).map(substitute);
      const running = runClient(side.client, { args, folder, env, stdin: each.stdin, interruptAfterMs: each.interruptAfterMs });
      return masked(each.clock === "runs" ? await steppingWhile(side.cluster, running) : await running, side, folder);
    };
    return Promise.all([run(sides[0]), run(sides[1])]);
  }
}

const textOf = ({ command }: Case) => (typeof command === "string" ? command : command.join(" "));
export const ALL_FIXTURES = () =>
  fs
    .readdirSync(FIXTURES)
    .map((name) => name.replace(/\.yaml$/, ""))
    .sort();

function environment(side: Side, more: Readonly<Record<string, string>>): Record<string, string> {
  return {
    HOME: path.join(side.folder, "home"),
    KUBESIM_HOME: path.join(side.folder, "kubesim"),
    KUBECACHEDIR: path.join(side.folder, "cache"),
    KUBECONFIG: side.cluster.kubeconfig,
    ...more,
  };
}

const RUN_IDS = /(?<=failed to start exec ")[\da-f]{64}/g;

/** Only what cannot be equal: the side's folders and ports. */
function masked({ stdout, stderr, status }: Outcome, side: Side, folder: string): Outcome {
  return {
    stdout: maskText(stdout, side, folder),
    stderr: maskText(maskLog(stderr).replace(RUN_IDS, "ID"), side, folder),
    status,
  };
}

function maskText(text: string, side: Side, folder: string): string {
  return (
    text
      .replaceAll(kubectl()[0], "kubectl")
      .replaceAll(folder, "DIR")
      .replaceAll(side.folder, "SIDE")
      .replaceAll(path.dirname(side.cluster.kubeconfig), "CLUSTER")
      .replaceAll(`127.0.0.1:${side.cluster.port}`, "127.0.0.1:PORTX")
      .replace(/kubectl-edit-\d+/g, "kubectl-edit-N")
      .replace(/(LIVE|MERGED)-\w+/g, "$1-N")
      // When a file was compared; one that is not there has the time zero.
      .replace(/\t(?!1970)\d{4}-\d\d-\d\d [\d:.]+ \+\d{4}$/gm, "\tTIME")
  );
}

const filesText = (folder: string, side: Side) =>
  maskText(
    Object.entries(readFolder(folder))
      .map(([name, text]) => `== ${name}\n${text}`)
      .join("\n"),
    side,
    folder,
  );

async function steppingWhile<T>(cluster: ConformanceCluster, promise: Promise<T>): Promise<T> {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  while (!done) {
    await cluster.pass(250);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return watched;
}

/** Brings two stores to the same revision. */
async function countAlike(sides: Sides): Promise<void> {
  const revision = Math.max(...sides.map(({ cluster }) => cluster.state.revision));
  await Promise.all(sides.map(({ cluster }) => cluster.countTo(revision)));
}

/** Brings two clusters whose time ran apart to the same moment. */
async function alignTime(sides: Sides, extraMs: number): Promise<void> {
  const latest = Math.ceil(Math.max(...sides.map(({ cluster }) => cluster.clock.now())) / 1000) * 1000 + extraMs;
  for (const { cluster } of sides) await cluster.passUntil(latest);
}
