import type { Container, Pod, Probe } from "../../api/generated/core-v1.ts";
import { isSidecar } from "../../api/pod-facts.ts";
import type { Clock, Timer } from "../../util/clock.ts";
import type { ContainerRun } from "../pod-containers.ts";
import { type ProbeOutcome, type ProbeParts, runProbe } from "./probe.ts";

type ProbeType = "Liveness" | "Readiness" | "Startup";

export interface PodProberOptions extends ProbeParts {
  readonly clock: Clock;
  podIP(): string;
  unhealthy(container: string, message: string): void;
  /** Well, but with something to say. */
  warned(container: string, message: string): void;
  /** A result changed: the pod is to be looked at again. */
  changed(): void;
}

/** The probes of one pod's containers. Upstream: pkg/kubelet/prober/prober_manager.go */
export class PodProber {
  readonly #options: PodProberOptions;
  readonly #workers = new Map<string, ProbeWorker>();
  readonly #phaseMs: number;

  /** @param phaseMs probes tick at this time plus multiples of their period. */
  constructor(options: PodProberOptions, phaseMs: number) {
    this.#options = options;
    this.#phaseMs = phaseMs;
  }

  /** Fits the probes to what runs: called after every change of a container. */
  update(pod: Pod, latest: (container: string) => ContainerRun | undefined): void {
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isSidecar)];
    for (const container of containers) {
      const run = latest(container.name);
      for (const [type, probe] of probesOf(container)) this.#worker(type, container, probe).fit(run?.state === "running" ? run : undefined);
    }
  }

  ready(container: string, hasProbe: boolean): boolean {
    if (!this.started(container)) return false;
    return hasProbe ? this.#workers.get(`Readiness ${container}`)?.verdict === "success" : true;
  }

  started(container: string): boolean {
    const startup = this.#workers.get(`Startup ${container}`);
    return startup === undefined || startup.verdict === "success";
  }

  /** Which probe wants the container killed. */
  failed(container: string): "liveness" | "startup" | undefined {
    if (this.#workers.get(`Liveness ${container}`)?.verdict === "failure") return "liveness";
    return this.#workers.get(`Startup ${container}`)?.verdict === "failure" ? "startup" : undefined;
  }

  /** The pod is going: only readiness is still asked. */
  stopKilling(): void {
    for (const worker of this.#workers.values()) if (worker.type !== "Readiness") worker.stop();
  }

  stop(): void {
    for (const worker of this.#workers.values()) worker.stop();
  }

  /** Who waited for the container's start may probe it now. */
  readonly resume = (container: string): void => {
    this.#workers.get(`Readiness ${container}`)?.now();
  };

  #worker(type: ProbeType, container: Container, probe: Probe): ProbeWorker {
    const key = `${type} ${container.name}`;
    let worker = this.#workers.get(key);
    if (!worker) this.#workers.set(key, (worker = new ProbeWorker(type, container, probe, this, this.#options, this.#phaseMs)));
    return worker;
  }
}

function probesOf(container: Container): [ProbeType, Probe][] {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  return [
    ...(startupProbe ? [["Startup", startupProbe] as [ProbeType, Probe]] : []),
    ...(livenessProbe ? [["Liveness", livenessProbe] as [ProbeType, Probe]] : []),
    ...(readinessProbe ? [["Readiness", readinessProbe] as [ProbeType, Probe]] : []),
  ];
}

/** One probe of one container. Upstream: pkg/kubelet/prober/worker.go */
class ProbeWorker {
  readonly type: ProbeType;
  /** What counts now: changes only when a threshold is reached. */
  verdict: "success" | "failure" | "unknown" = "unknown";
  readonly #container: Container;
  readonly #probe: Probe;
  readonly #prober: PodProber;
  readonly #options: PodProberOptions;
  readonly #phaseMs: number;
  #run: ContainerRun | undefined;
  #timer: Timer | undefined;
  #busy = false;
  #stopped = false;
  #onHold = false;
  #last: "success" | "failure" | "unknown" | undefined;
  #inARow = 0;

  constructor(type: ProbeType, container: Container, probe: Probe, prober: PodProber, options: PodProberOptions, phaseMs: number) {
    this.type = type;
    this.#container = container;
    this.#probe = probe;
    this.#prober = prober;
    this.#options = options;
    this.#phaseMs = phaseMs;
    this.verdict = this.#initial();
  }

  #initial(): "success" | "failure" | "unknown" {
    return this.type === "Liveness" ? "success" : this.type === "Readiness" ? "failure" : "unknown";
  }

  fit(run: ContainerRun | undefined): void {
    if (run?.id === this.#run?.id) return;
    this.#run = run;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#onHold = false;
    this.#inARow = 0;
    this.#last = undefined;
    this.verdict = this.#initial();
    if (!run || this.#stopped) return;
    this.#schedule();
    // A container that is running and has no delay is asked for readiness at once.
    if (this.type === "Readiness") this.now();
  }

  now(): void {
    void this.#tick(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  get #periodMs(): number {
    return (this.#probe.periodSeconds ?? 10) * 1000;
  }

  #schedule(): void {
    if (this.#stopped || this.#onHold) return;
    const sinceMs = this.#options.clock.now() - this.#phaseMs;
    const delayMs = this.#periodMs - (((sinceMs % this.#periodMs) + this.#periodMs) % this.#periodMs);
    this.#timer = this.#options.clock.after(delayMs, () => void this.#tick(false));
  }

  async #tick(extra: boolean): Promise<void> {
    const run = this.#run;
    if (!run || this.#stopped || this.#onHold) return;
    if (!this.#busy && this.#mayProbe(run)) {
      this.#busy = true;
      try {
        const outcome = await runProbe(
          this.#probe,
          { container: this.#container, containerId: run.id, podIP: this.#options.podIP() },
          this.#options,
        );
        if (this.#run === run && !this.#stopped) this.#judge(outcome.result, outcome.output);
      } finally {
        this.#busy = false;
      }
    }
    if (!extra && this.#run === run && !this.#over()) this.#schedule();
  }

  /** A startup probe that has succeeded asks no more until the container runs anew. */
  #over(): boolean {
    return this.type === "Startup" && this.verdict === "success";
  }

  #mayProbe(run: ContainerRun): boolean {
    // Start times have whole seconds in the status that upstream compares with.
    const ranSeconds = Math.floor((this.#options.clock.now() - Math.floor(run.startedAtMs / 1000) * 1000) / 1000);
    if (ranSeconds < (this.#probe.initialDelaySeconds ?? 0)) return false;
    return this.type === "Startup" || this.#prober.started(this.#container.name);
  }

  #judge(outcome: ProbeOutcome["result"], output: string): void {
    const result = outcome === "warning" ? "success" : outcome;
    if (outcome === "warning") this.#options.warned(this.#container.name, `${this.type} probe warning: ${output}`);
    if (result === "failure") this.#options.unhealthy(this.#container.name, `${this.type} probe failed: ${output}`);
    if (result === "unknown") {
      this.#options.unhealthy(this.#container.name, `${this.type} probe errored and resulted in unknown state: ${output}`);
      return;
    }
    this.#inARow = this.#last === result ? this.#inARow + 1 : 1;
    this.#last = result;
    const threshold = result === "failure" ? (this.#probe.failureThreshold ?? 3) : (this.#probe.successThreshold ?? 1);
    if (this.#inARow < threshold) return;
    if (this.type !== "Readiness" && result === "failure") {
      this.#onHold = true;
      this.#inARow = 0;
    }
    if (this.verdict === result) return;
    this.verdict = result;
    if (this.type === "Startup" && result === "success") this.#prober.resume(this.#container.name);
    this.#options.changed();
  }
}
