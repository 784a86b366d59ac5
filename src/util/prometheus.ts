/** What counts and how, in the text format of Prometheus 0.0.4. Labels are given as they are printed: `code="200",verb="GET"`. */
export interface Metric {
  render(): string[];
}

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  /** Upstream: component-base/metrics StabilityLevel */
  readonly stability?: "ALPHA" | "BETA" | "STABLE";
}

export class Counter implements Metric {
  readonly #options: MetricOptions;
  readonly #values = new Map<string, number>();

  constructor(options: MetricOptions) {
    this.#options = options;
  }

  add(labels: string, by = 1): void {
    this.#values.set(labels, (this.#values.get(labels) ?? 0) + by);
  }

  render(): string[] {
    return [
      ...head(this.#options, "counter"),
      ...[...this.#values].sort(byLabels).map(([labels, value]) => sample(this.#options.name, labels, value)),
    ];
  }
}

export class Histogram implements Metric {
  readonly #options: MetricOptions;
  readonly #limits: readonly number[];
  readonly #series = new Map<string, { count: number; sum: number; readonly buckets: number[] }>();

  /** @param limits the buckets' upper bounds, ascending. */
  constructor(options: MetricOptions, limits: readonly number[]) {
    this.#options = options;
    this.#limits = limits;
  }

  observe(labels: string, value: number): void {
    let series = this.#series.get(labels);
    if (!series) this.#series.set(labels, (series = { count: 0, sum: 0, buckets: this.#limits.map(() => 0) }));
    series.count++;
    series.sum += value;
    const at = this.#limits.findIndex((limit) => value <= limit);
    if (at >= 0) series.buckets[at] = (series.buckets[at] ?? 0) + 1;
  }

  render(): string[] {
    const { name } = this.#options;
    const lines = head(this.#options, "histogram");
    for (const [labels, { count, sum, buckets }] of [...this.#series].sort(byLabels)) {
      const prefix = labels === "" ? "" : `${labels},`;
      let total = 0;
      for (const [index, limit] of this.#limits.entries())
        lines.push(sample(`${name}_bucket`, `${prefix}le="${limit}"`, (total += buckets[index] ?? 0)));
      lines.push(
        sample(`${name}_bucket`, `${prefix}le="+Inf"`, count),
        sample(`${name}_sum`, labels, sum),
        sample(`${name}_count`, labels, count),
      );
    }
    return lines;
  }
}

/** Read when somebody asks. */
export class Gauge implements Metric {
  readonly #options: MetricOptions;
  readonly #read: () => Iterable<readonly [labels: string, value: number]>;

  constructor(options: MetricOptions, read: () => Iterable<readonly [labels: string, value: number]>) {
    this.#options = options;
    this.#read = read;
  }

  render(): string[] {
    return [...head(this.#options, "gauge"), ...[...this.#read()].map(([labels, value]) => sample(this.#options.name, labels, value))];
  }
}

export const renderMetrics = (metrics: readonly Metric[]): string => `${metrics.flatMap((metric) => metric.render()).join("\n")}\n`;

/** Upper bounds, each `factor` times the one before. Upstream: prometheus.ExponentialBuckets */
export const exponentialBuckets = (start: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => Number((start * factor ** index).toPrecision(12)));

const head = ({ name, help, stability = "ALPHA" }: MetricOptions, type: string) => [
  `# HELP ${name} [${stability}] ${help}`,
  `# TYPE ${name} ${type}`,
];
const sample = (name: string, labels: string, value: number) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}`;
const byLabels = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);
