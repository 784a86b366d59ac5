import { ApiClient } from "./connection/client.ts";
import type { Connection } from "./connection/connection.ts";
import { Discovery } from "./connection/discovery.ts";
import { usageError } from "./errors.ts";
import type { Flags, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import type { Logger } from "./connection/klog.ts";
import type { PluginPolicy } from "./kuberc/kuberc.ts";

/** A command, with everything that its help and its parsing need. */
export interface CommandSpec {
  /** After the command's path in the usage line. */
  readonly usage?: string;
  readonly long?: string;
  readonly examples?: string;
  readonly flags?: readonly FlagSpec[];
  readonly subcommands?: readonly CommandEntry[];
  /** Everything after the first argument belongs to the arguments. */
  readonly stopAtFirstArgument?: boolean;
  /** Nothing is a flag. */
  readonly takesAnything?: boolean;
  /** Instead of the help that is laid out from all this. */
  help?(): Promise<string>;
  /** What is told of wrong flags, where it is not the usual. Upstream: cobra SetFlagErrorFunc */
  wrongFlags?(error: Error): Error;
  run?(context: CommandContext): Promise<number | void>;
}

/** A line of the list of commands; the command's code is loaded when it runs. */
export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly short: string;
  readonly group?: string;
  readonly hidden?: boolean;
  load(): Promise<CommandSpec>;
}

/** One run of a command. */
export class CommandContext {
  /** "kubectl get": how messages name the command. */
  readonly path: string;
  readonly args: readonly string[];
  /** How many arguments came before `--`, or -1. */
  readonly dashIndex: number;
  readonly flags: Flags;
  readonly io: Io;
  readonly startsCluster: boolean;
  readonly policy: PluginPolicy;
  /** Undefined unless the command line asks for more than errors. */
  readonly logger: Logger | undefined;
  #connection: Promise<Connection> | undefined;
  #client: ApiClient | undefined;
  #discovery: Discovery | undefined;

  /** @param run `startsCluster: false`: only looks at a cluster that runs */
  constructor(run: {
    path: string;
    args: readonly string[];
    dashIndex: number;
    flags: Flags;
    io: Io;
    logger?: Logger | undefined;
    startsCluster?: boolean;
    policy?: PluginPolicy;
  }) {
    this.path = run.path;
    this.args = run.args;
    this.dashIndex = run.dashIndex;
    this.flags = run.flags;
    this.io = run.io;
    this.logger = run.logger;
    this.policy = run.policy ?? {};
    this.startsCluster = run.startsCluster ?? true;
  }

  /** The same with some flags set differently, without arguments. */
  withFlags(values: Readonly<Record<string, string>>): CommandContext {
    return new CommandContext({
      path: this.path,
      args: [],
      dashIndex: -1,
      flags: this.flags.with(values),
      io: this.io,
      logger: this.logger,
      policy: this.policy,
      startsCluster: this.startsCluster,
    });
  }

  /** The same for who only looks: it says nothing, and starts no cluster. */
  onlyLooking(): CommandContext {
    const { path, flags } = this;
    return new CommandContext({
      path,
      args: [],
      dashIndex: -1,
      flags,
      io: { ...this.io, err: () => undefined },
      policy: this.policy,
      startsCluster: false,
    });
  }

  async connection(): Promise<Connection> {
    this.#connection ??= import("./connection/connection.ts").then(({ connect }) => connect(this));
    return this.#connection;
  }

  /**
   * Fails where the flags and the kubeconfig make no client; asks no server, and starts no cluster.
   * For checks that come after what kubectl's ToRESTConfig and Namespace say.
   */
  async checkConfig(): Promise<void> {
    if (this.flags.bool("match-server-version")) await this.client();
    const { checkOwn } = await import("./connection/connection.ts");
    if (!checkOwn(this.flags)) await this.connection();
  }

  async client(): Promise<ApiClient> {
    if (this.#client) return this.#client;
    const client = new ApiClient(await this.connection(), this.io, this.path);
    if (this.flags.bool("match-server-version")) await (await import("./connection/server-version.ts")).checkServerVersion(client);
    return (this.#client = client);
  }

  async discovery(): Promise<Discovery> {
    this.#discovery ??= new Discovery(await this.client(), this.io, this.flags.text("cache-dir"));
    return this.#discovery;
  }

  /** The namespace that the command means. */
  async namespace(): Promise<string> {
    if (this.#connection) return (await this.#connection).namespace;
    const { namespaceOf } = await import("./connection/connection.ts");
    return namespaceOf(this.flags);
  }

  /**
   * kubectl looks for its namespace before most else, and tells what is wrong with the kubeconfig then, unless -n names one.
   * With --local a kubeconfig that is not there is no fault.
   */
  // Upstream: clientcmd.DirectClientConfig Namespace
  async lookForNamespace(): Promise<void> {
    if (this.flags.text("namespace") !== "") return;
    if (this.flags.bool("local") && (await import("./connection/connection.ts")).isOwnCluster(this.flags)) return;
    await this.connection();
  }

  usage(message: string): Error {
    return usageError(this.path, message);
  }

  print(line: string): void {
    this.io.out(`${line}\n`);
  }

  get usedClient(): ApiClient | undefined {
    return this.#client;
  }
}
