import type { NetworkNamespace } from "../network/network.ts";
import type { ProcessTable } from "./process-table.ts";
import type { PodSandbox, PodSandboxConfig } from "./runtime.ts";

/** One pod's sandbox: its network and, where it is shared, its PID namespace. */
export class Sandbox implements PodSandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly createdAtMs: number;
  readonly network: NetworkNamespace;
  readonly pid: number;
  /** The pod's own PID namespace, when its containers share one. */
  readonly sharedTable: ProcessTable | undefined;
  state: PodSandbox["state"] = "ready";

  constructor(parts: {
    id: string;
    pid: number;
    config: PodSandboxConfig;
    createdAtMs: number;
    network: NetworkNamespace;
    sharedTable: ProcessTable | undefined;
  }) {
    this.id = parts.id;
    this.pid = parts.pid;
    this.config = parts.config;
    this.createdAtMs = parts.createdAtMs;
    this.network = parts.network;
    this.sharedTable = parts.sharedTable;
  }

  get uid(): string {
    return this.config.uid;
  }
  get namespace(): string {
    return this.config.namespace;
  }
  get name(): string {
    return this.config.name;
  }
  get hostname(): string {
    return this.network.hostname;
  }
}
